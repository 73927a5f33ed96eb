"""What goes without saying: alerts that are not sent while another one says more.

Nothing is muted by what is less severe, and the dead man's switch by nothing at all. Prometheus and the host need no
rule: without them there are no alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from preprod.render.rules.containers import UNSEEN
from preprod.render.rules.promql import matcher
from preprod.render.rules.rule import Alert

Wanted = Mapping[str, Sequence[str]]
"""Label -> the values of which it has one."""

LESSER = ("warning", "info")
WATCHDOG = "Watchdog"
PROBES = ("ProbeFailed", "ProbeSlow")
STOPPED, SICK, UNWATCHED = "ContainerMissing", "ContainerUnhealthy", "ContainersUnwatched"

SUBJECT = ("component", "job", "instance", "service", "name", "device", "mountpoint", "probe")
"""Labels that say what an alert is about; those that two alerts lack are alike."""

ON_THE_DATABASE = ("api", "worker")
"""Services that do nothing without Postgres."""


@dataclass(frozen=True)
class Inhibition:
    """While an alert with the labels of ``source`` fires, those of ``target`` are not sent."""

    source: Wanted
    target: Wanted
    equal: Sequence[str] = ()
    """Labels in which the two agree."""

    def written(self) -> dict[str, Any]:
        """In Alertmanager's terms."""
        same = {"equal": list(self.equal)} if self.equal else {}
        target = [*_matchers(self.target), f'alertname!="{WATCHDOG}"']
        return {"source_matchers": _matchers(self.source), "target_matchers": target, **same}


def _matchers(wanted: Wanted) -> list[str]:
    return [matcher(label, values) for label, values in wanted.items()]


def inhibitions(alerts: Iterable[Alert], services: Iterable[str], app_jobs: Mapping[str, str]) -> list[Inhibition]:
    """All that matter to these alerts.

    :param services: Compose services that run.
    :param app_jobs: Compose service -> the job of its metrics, for the app's.
    """
    alerts = list(alerts)
    made = [
        *_same_subject(alerts),
        *_database(),
        *_engine(),
        *(one for service in sorted(services) for one in _service(service, app_jobs)),
        *_no_samples(),
    ]
    return [one for one in made if _exists(one.source, alerts) and _exists(one.target, alerts)]


def _exists(wanted: Wanted, alerts: Iterable[Alert]) -> bool:
    names = wanted.get("alertname")
    return names is None or any(alert.alert in names for alert in alerts)


def _same_subject(alerts: Iterable[Alert]) -> Iterator[Inhibition]:
    """What is critical says more than a warning about the same; of the app, about the same route group."""
    critical = sorted({alert.component for alert in alerts if alert.severity == "critical"} - {"app"})
    yield Inhibition({"severity": ["critical"], "component": critical}, {"severity": LESSER}, SUBJECT)
    groups = sorted({alert.marks["route_group"] for alert in alerts if "route_group" in alert.marks})
    if groups:
        source = {"severity": ["critical"], "route_group": groups}
        yield Inhibition(source, {"severity": LESSER}, ("component", "route_group"))


def _database() -> Iterator[Inhibition]:
    """Without Postgres the app fails in all it does."""
    down: list[Wanted] = [{"alertname": ["PostgresDown"]}, {"alertname": [STOPPED], "service": ["postgres"]}]
    for source in down:
        yield Inhibition(source, {"component": ["app"]})
        yield Inhibition(source, {"alertname": PROBES})
        yield Inhibition(source, {"component": ["containers"], "service": ON_THE_DATABASE})
        # The exporter answers late, or not at all.
        yield Inhibition(source, {"severity": LESSER, "component": ["postgres-exporter"]})
    yield Inhibition(down[0], {"component": ["containers"], "service": ["postgres"]})


def _engine() -> Iterator[Inhibition]:
    yield Inhibition({"alertname": ["EngineDown"]}, {"component": ["containers"]})


def _service(service: str, app_jobs: Mapping[str, str]) -> Iterator[Inhibition]:
    """A container that is not there explains what its service does not do; so does, for the lesser, one that is ill."""
    stopped: Wanted = {"alertname": [STOPPED], "service": [service]}
    if service in app_jobs:
        yield Inhibition(stopped, {"job": [app_jobs[service]]})
    else:
        away: Wanted = {"alertname": [SICK] if service in UNSEEN else [STOPPED, SICK], "service": [service]}
        yield Inhibition(away, {"severity": LESSER, "component": [service]})
    if service in ("api", "caddy"):
        yield Inhibition(stopped, {"alertname": PROBES})
    if service == "alloy":
        yield Inhibition(stopped, {"alertname": ["TelemetryMissing"]})


def _no_samples() -> Iterator[Inhibition]:
    """Of what Prometheus gets no samples, other alerts are of the past."""
    yield Inhibition({"alertname": ["TelemetryMissing"]}, {"alertname": ["TargetDown", "TargetMissing"]}, ("job",))
    for down in (UNWATCHED, "TargetDown"):
        yield Inhibition({"alertname": [down]}, {"severity": LESSER}, ("job",))
