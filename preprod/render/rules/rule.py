"""Rules as values: what alerts, what is recorded, the series that prove an alert, and the times in all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from preprod.contract import Contract
from preprod.notifications import Severity as Severity
from preprod.settings import Settings

Dashboard = Literal["api", "usage", "slo", "jobs", "system", "containers", "postgres", "telemetry"]


@dataclass(frozen=True)
class Case:
    """Series on which an alert is tried."""

    name: str
    series: Mapping[str, str]
    """Series -> its samples, one a step, in promtool's notation."""
    firing: Mapping[int, int]
    """Step -> how many alerts fire then."""


@dataclass(frozen=True)
class Alert:
    """An alert; owner, runbook and address of the dashboard follow from settings and name."""

    alert: str
    expr: str
    severity: Severity
    component: str
    """What it is about: `app`, `host`, or the name of a component."""
    summary: str
    description: str
    dashboard: Dashboard
    cases: tuple[Case, ...]
    step: float
    """Seconds between two samples of the cases, and between two evaluations."""
    hold: float = 0
    """Seconds for which the condition must last."""
    linger: float = 0
    """Seconds for which it fires on: what follows from it, and is muted by it, takes longer to be over."""
    signals: tuple[str, ...] = ()
    """Signals of the contract that it watches, by their names there."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Further labels."""

    @property
    def labels(self) -> dict[str, str]:
        return {"severity": self.severity, "component": self.component, **self.marks}


@dataclass(frozen=True)
class Recording:
    """A series that several alerts, or dashboards, share."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


Rule = Alert | Recording


@dataclass(frozen=True)
class Watched:
    """What the rules of a host are made from."""

    settings: Settings
    contract: Contract
    components: frozenset[str]
    """Everything that runs, the app's services among it."""
    packaged: frozenset[str] = frozenset()
    """Of these, the distribution's own: releases that do not have every metric."""

    @property
    def clock(self) -> Clock:
        return Clock(self.settings.alert_time_scale, 4.0 * self.settings.scrape_interval)


@dataclass(frozen=True)
class Clock:
    """Times of rules: as they are meant, or all shortened for tests."""

    scale: float
    least: float
    """Seconds of the shortest window: a rate needs two samples in it, and one more scrape may fail."""

    def window(self, seconds: float) -> float:
        """Time over which something is counted, in seconds."""
        return max(self.time(seconds), self.least)

    def time(self, seconds: float) -> float:
        """Any other time, in seconds."""
        return seconds * self.scale

    def step(self, window: float, hold: float) -> float:
        """Between two samples of a test: so small that half a window, or half of what is waited for, shows.

        :param window, hold: scaled already.
        """
        return max(window / 60, min(hold / 5, window / 10))


def duration(seconds: float) -> str:
    """A time as Prometheus writes it, to the millisecond."""
    milliseconds = max(round(seconds * 1000), 1)
    for size, unit in ((86400000, "d"), (3600000, "h"), (60000, "m"), (1000, "s")):
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def number(value: float) -> str:
    """A number in PromQL: no exponent, no noise of binary fractions."""
    return f"{value:.9f}".rstrip("0").rstrip(".")
