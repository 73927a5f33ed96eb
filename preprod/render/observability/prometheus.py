"""Prometheus: what it fetches, what it is sent, what it makes of both, and how long it keeps them.

Jobs, each only where what it asks runs:

- a component of the overlay, and ``caddy``, under its own name: ``prometheus``, ``alertmanager``, ``loki``, ``tempo``,
  ``alloy``, ``grafana``, ``engine-proxy`` (containers), ``node-exporter`` (host), ``postgres-exporter``,
  ``blackbox-exporter``, ``redis-exporter``, ``mongodb-exporter``, ``longterm``;
- ``probe-http`` (label ``probe``: ``app``, as users reach it, and ``api``, past Caddy), ``probe-tcp`` (``postgres``);
- the services of the contract, ``socialize-api`` and ``socialize-worker``, whether they are fetched or sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from preprod.contract import Contract
from preprod.observability import ComponentName
from preprod.preflight import address
from preprod.render import rules as alerts
from preprod.render.bundle import Bundle, File
from preprod.render.observability import rules
from preprod.render.observability.view import View
from preprod.render.observability.windows import lateness
from preprod.render.templates import ROOT, rendered
from preprod.settings import Settings

METRICS: Mapping[ComponentName, str] = {
    "prometheus": "prometheus:9090",
    "alertmanager": "alertmanager:9093",
    "loki": "loki:3100",
    "tempo": "tempo:3200",
    "alloy": "alloy:12345",
    "grafana": "grafana:3000",
    "engine-proxy": "engine-proxy:9417",
    "node-exporter": "node-exporter:9100",
    "postgres-exporter": "postgres-exporter:9187",
    "blackbox-exporter": "blackbox-exporter:9115",
    "redis-exporter": "redis-exporter:9121",
    "mongodb-exporter": "mongodb-exporter:9216",
    "longterm": "longterm:9090",
}
"""Component -> where its metrics are, below ``/metrics``."""

SAMPLE_LIMIT = 20000
"""Samples of one target: several times what the largest of them has (Loki and Alloy, some 3000 each)."""


def files(view: View) -> Bundle:
    """Configuration, rules and their tests; and the scripts that check and reload them."""
    alerting, proof = alerts.texts(alerts.of_host(watched(view), jobs(view)), watched(view))
    read = {"prometheus.yml": _configuration(view), **_rendered("rules", view), **_in("rules", alerting)}
    tests = _rendered("tests", view) | _in("tests", proof)
    kept = tests | {name: script(name) for name in ("check.sh", "reload.sh")}
    return {
        **{
            f"prometheus/{path}": File(text, takes_effect="reload", service="prometheus") for path, text in read.items()
        },
        **{f"prometheus/{path}": File(text) for path, text in kept.items()},
    }


def watched(view: View) -> alerts.Watched:
    """What the alerts are made from."""
    packaged = frozenset(name for name, image in view.chosen.items() if image.flavour == "packaged")
    return alerts.Watched(view.settings, view.contract, frozenset(view.chosen), packaged)


def jobs(view: View) -> list[str]:
    """Every scrape job."""
    app = app_jobs(view.contract).values() if view.app_is_scraped else ()
    probes = [f"probe-{module}" for module in _probes(view.settings)] if view.has("blackbox-exporter") else []
    return [*_targets(view), *app, *probes]


def _in(folder: str, texts: Mapping[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}.yml": text for name, text in texts.items()}


def script(name: str) -> str:
    """Text of a script that runs in the container."""
    return (ROOT / "templates" / "prometheus" / name).read_text(encoding="utf-8")


def _configuration(view: View) -> str:
    return rendered(
        "prometheus/prometheus.yml.j2",
        view=view,
        settings=view.settings,
        lateness=lateness(view.settings),
        sample_limit=SAMPLE_LIMIT,
        hourly=rules.HOURLY,
        targets=_targets(view),
        app=app_jobs(view.contract) if view.app_is_scraped else {},
        probes=_probes(view.settings) if view.has("blackbox-exporter") else {},
    )


def _targets(view: View) -> dict[str, str]:
    return {name: where for name, where in METRICS.items() if view.has(name)} | {"caddy": "caddy:9081"}


def app_jobs(contract: Contract) -> dict[str, str]:
    """Compose service -> the contract's name of it: `api` is the one that answers HTTP, `worker` the next."""
    names = list(contract.services)
    first = contract.http.service if contract.http else names[0]
    others = [name for name in names if name != first]
    return dict(zip(("api", "worker"), [first, *others], strict=False))


def _probes(settings: Settings) -> dict[str, dict[str, str]]:
    public = settings.public_url or address(settings)
    app = f"{public.rstrip('/')}/health" if settings.domain else "http://caddy:8080/health"
    return {"http": {"app": app, "api": "http://api:8000/health/live"}, "tcp": {"postgres": "postgres:5432"}}


def _rendered(folder: str, view: View) -> dict[str, str]:
    return {
        f"{folder}/{name}.yml": rendered(f"prometheus/{folder}/{name}.yml.j2", **values)
        for name, values in _rule_values(view).items()
    }


def _rule_values(view: View) -> dict[str, dict[str, object]]:
    """Rules file -> what it is rendered from, for those that have something to watch."""
    values: dict[str, dict[str, object]] = {"hourly": {"rules": rules.hourly(view.contract)}}
    if pipeline := rules.pipeline(view):
        values["pipeline"] = {"rules": pipeline}
    return values
