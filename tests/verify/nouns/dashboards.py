"""The dashboards of a host, and what they ask its stores."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from preprod.paths import BASE
from preprod.render import dashboards
from preprod.render.observability.prometheus import METRICS
from preprod.render.rules import Watched
from preprod.settings import Settings
from verify.nouns.deployment import Deployment
from verify.nouns.target import Target

_FOLDER = "grafana/dashboards/"
STEP_SECONDS = 30
"""Between two points of a line."""


@dataclass(frozen=True)
class Asked:
    """A query as Grafana sends it: the variables stand for everything."""

    panel: str
    source: str
    """Uid of the data source."""
    query: str
    once: bool
    """Whether it is asked for one moment, and not for each point of a line."""

    def __str__(self) -> str:
        return f"{self.panel}: {self.query}"


def names(deployment: Deployment) -> list[str]:
    """Uids of the dashboards of a host: those that lie there; those that Grafana would show, where it does not run."""
    deployed = [path for path in deployment.files if path.startswith(_FOLDER)]
    return [path.removeprefix(_FOLDER).removesuffix(".json") for path in deployed] or [*_rendered(deployment)]


def asked(target: Target, name: str) -> list[Asked]:
    """All queries of a dashboard, those for the choices of its variables among them."""
    path = f"{_FOLDER}{name}.json"
    deployed = path in target.deployment.files
    text = target.output('cat "$1"', f"{BASE}/{path}") if deployed else _rendered(target.deployment)[name]
    return list(_asked(json.loads(text), target.deployment))


def _rendered(deployment: Deployment) -> Mapping[str, str]:
    overlay = deployment.observability
    if not overlay:
        return {}
    said = {"domain": deployment.domain, "scrape_interval": overlay.scrape_interval, "retention": overlay.retention}
    watched = Watched(Settings().model_copy(update=said), overlay.promised, frozenset(deployment.services))
    texts = dashboards.texts(dashboards.of_host(watched, _jobs(deployment)), watched)
    return {path.removesuffix(".json"): text for path, text in texts.items()}


def _jobs(deployment: Deployment) -> Iterator[str]:
    yield from (name for name in (*METRICS, "caddy") if name in deployment.services)
    if "blackbox-exporter" in deployment.services:
        yield from ("probe-http", "probe-tcp")
    if deployment.observability and deployment.observability.app_metrics == "scrape":
        yield from deployment.observability.promised.services


def _asked(dashboard: Mapping[str, Any], deployment: Deployment) -> Iterator[Asked]:
    yield from map(_choices, (one for one in dashboard["templating"]["list"] if one["type"] == "query"))
    values = _values(dashboard, deployment)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            query = target.get("expr") or target["query"]
            for name, value in values.items():
                query = query.replace(f"${name}", value)
            yield Asked(panel["title"], target["datasource"]["uid"], query, target.get("instant", False))


def _choices(variable: Mapping[str, Any]) -> Asked:
    """What finds the values of a label, as Grafana's `label_values` does: of all streams, or of a selector's series."""
    called = re.fullmatch(r"label_values\((?:(?P<selector>.+), )?(?P<label>\w+)\)", variable["query"])
    assert called, f"{variable['query']} should ask for the values of a label"
    selector, label = called["selector"], called["label"]
    query = f"count by ({label}) ({selector})" if selector else f'{{{label}=~".+"}}'
    return Asked(f"choices of {variable['name']}", variable["datasource"]["uid"], query, once=True)


def _values(dashboard: Mapping[str, Any], deployment: Deployment) -> dict[str, str]:
    """Variable -> value: Grafana's own
    (https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/#use-__rate_interval), and the
    dashboard's."""
    overlay = deployment.observability
    assert overlay
    scrape = overlay.scrape_interval
    return {
        "__rate_interval": f"{max(STEP_SECONDS + scrape, 4 * scrape)}s",
        "__range": dashboard["time"]["from"].removeprefix("now-"),
        "__auto": f"{STEP_SECONDS}s",
        # Without a value for all of them it is a text to search for, and empty.
        **{variable["name"]: variable.get("allValue", "") for variable in dashboard["templating"]["list"]},
    }
