"""``docs/alerts.md``, generated from the rules: ``python -m preprod.render.alerts_page`` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from preprod.catalogue import CATALOGUE
from preprod.contract import Contract, Signal, load, signals
from preprod.observability import OPTIONAL, USUAL
from preprod.render import rules
from preprod.render.contract_page import CONTRACTS
from preprod.render.generated import write_or_check
from preprod.render.observability.prometheus import METRICS
from preprod.render.rules import Alert, Recording, Watched
from preprod.render.templates import ROOT, rendered
from preprod.settings import load as settings_of

PAGE = ROOT / "docs" / "alerts.md"

WITHOUT = {
    "http.server.active_requests": "No number of them is wrong by itself; the latency tells.",
    "db.client.connection.max": "A setting; the bound of the connections in use.",
    "assistant.scraper.documents": "The age of the data tells whether they come.",
    "assistant.retrieval.results": "What a good number is, nobody knows yet.",
    "artifacts.upload.size": "Users decide it.",
    "artifacts.storage.usage": "The share of the capacity has the rule.",
    "realtime.websocket.connections": "Users decide it; what they get is watched by its failures and delays.",
    "realtime.websocket.capacity": "A setting.",
    "db.client.connection.count": "Nothing tells how many are too many.",
    "socialize.jobs.enqueued": "The length and the age of the queue tell.",
}
"""Signals without a rule, and why; counters of use without an expectation have none either."""


_SAME = {
    "blackbox-exporter": ("probes",),
    "redis-exporter": ("redis",),
    "mongodb-exporter": ("mongodb",),
    "engine-proxy": ("containers",),
}
"""Component -> what it tells about."""


def whole(contract: str, **changes: object) -> Watched:
    """Everything that can run, for one of the package's contracts."""
    return everything(load(CONTRACTS / f"{contract}.yaml"), **changes)


def everything(contract: Contract, **changes: object) -> Watched:
    """Everything that can run, with a certificate and a dead man's switch."""
    settings = settings_of({"domain": "app.example.org", "dead_mans_switch": True, **changes})
    return Watched(settings, contract, frozenset(CATALOGUE))


def jobs() -> list[str]:
    """Every job that is fetched, the app's left out: it is sent."""
    return [*METRICS, "caddy", "probe-http", "probe-tcp"]


def page() -> str:
    """The whole page."""
    contracts = sorted(path.stem for path in CONTRACTS.glob("*.yaml"))
    host = rules.of_host(whole("socialize"), jobs())
    own = {name: [rule for made in rules.of_contract(whole(name)).values() for rule in made] for name in contracts}
    every = _alerts([*_flat(host), *(rule for made in own.values() for rule in made)])
    return rendered(
        "alerts.md.j2",
        alerts=sorted({alert.alert: alert for alert in every}.values(), key=lambda alert: alert.alert),
        components=_by_component(_alerts(_flat(host))),
        contracts={name: list(_coverage(name, _alerts(made))) for name, made in own.items()},
    )


def _flat(subjects: rules.Subjects) -> list[rules.Rule]:
    return [rule for made in subjects.values() for rule in made]


def _alerts(made: Iterable[rules.Rule]) -> list[Alert]:
    return [rule for rule in made if not isinstance(rule, Recording)]


def _by_component(made: list[Alert]) -> dict[str, list[str]]:
    """Component -> names of its alerts; what watches every target or container stands with each of them."""
    watched = ["app", "host", "containers", *(name for name in CATALOGUE if name not in ("api", "worker"))]
    return {name: sorted({alert.alert for alert in made if _about(alert, name)}) for name in watched}


def _about(alert: Alert, component: str) -> bool:
    about = {component, *_SAME.get(component, ())}
    fetched = component in (*USUAL, *OPTIONAL, "caddy")
    return alert.component in about or alert.marks.get("service") == component or ("{{" in alert.component and fetched)


def _coverage(contract: str, made: list[Alert]) -> Iterator[tuple[str, str]]:
    for signal in signals(load(CONTRACTS / f"{contract}.yaml")):
        names = sorted({alert.alert for alert in made if signal.name in alert.signals})
        yield signal.name, ", ".join(f"`{name}`" for name in names) or why_none(signal)


def why_none(signal: Signal) -> str:
    """Why a signal has no rule; empty when there is no reason."""
    if signal.name in WITHOUT:
        return WITHOUT[signal.name]
    return "Use that may be nought for long." if signal.kind == "usage" and signal.expect is None else ""


def main(arguments: Iterable[str]) -> str | None:
    """Write the page, or with ``--check`` say in a sentence that it is stale."""
    return write_or_check(PAGE, page(), "preprod.render.alerts_page", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
