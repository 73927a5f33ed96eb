"""Dashboards as values: what a panel asks, in which unit, and where its value begins to be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.models import units

Source = Literal["prometheus", "longterm", "loki", "tempo"]
"""Uid of a data source, as in `templates/grafana/datasources.yaml.j2`."""

Kind = Literal["lines", "number", "table", "logs", "traces"]

RATE = "$__rate_interval"
"""Grafana's: four scrapes at least, and no less than the distance of two points."""

RANGE = "$__range"
"""Grafana's: the time that is shown."""

UNITS = {
    "s": units.Seconds,
    "By": units.BytesIEC,
    "1": units.NoUnit,
    "{usd}": units.Dollars,
}
"""Unit of the telemetry contract -> Grafana's; what is merely counted has none."""


@dataclass(frozen=True)
class Query:
    """One question to a store."""

    expr: str
    legend: str = ""
    """In Grafana's notation, as in `{{job}}`."""
    source: Source = "prometheus"


@dataclass(frozen=True)
class Limits:
    """Where a value begins to be wrong."""

    bad: float
    warn: float | None = None
    """What is nearly wrong."""
    low: bool = False
    """Whether it is wrong to be below them, instead of at or above."""


@dataclass(frozen=True)
class Panel:
    """One thing that is shown."""

    title: str
    description: str
    """One sentence."""
    queries: tuple[Query, ...]
    unit: str = units.Short
    kind: Kind = "lines"
    limits: Limits | None = None
    stacked: bool = False
    floor: float | None = 0
    """Where the axis of lines begins; None leaves it to the values."""
    empty: str = ""
    """What is said when there is nothing to show."""


@dataclass(frozen=True)
class Row:
    """Panels below a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Variable:
    """What a reader of a dashboard may choose; all of it at first."""

    name: str
    label: str
    source: Source | None = None
    """Where the values come from; None where they are given, or where any text will do."""
    query: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Board:
    """A dashboard."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()


def lines(
    title: str,
    description: str,
    *queries: tuple[str, str],
    unit: str = units.Short,
    limits: Limits | None = None,
    stacked: bool = False,
    floor: float | None = 0,
    empty: str = "",
) -> Panel:
    """Values over time.

    :param queries: PromQL and legend.
    """
    asked = tuple(Query(*query) for query in queries)
    return Panel(title, description, asked, unit, "lines", limits, stacked, floor, empty)


def number(
    title: str,
    description: str,
    *queries: tuple[str, str],
    unit: str = units.Short,
    limits: Limits | None = None,
    empty: str = "",
) -> Panel:
    """Newest values as large figures.

    :param queries: PromQL and legend.
    """
    return Panel(title, description, tuple(Query(*q) for q in queries), unit, "number", limits, empty=empty)


def table(title: str, description: str, query: str, unit: str = units.Short, limits: Limits | None = None) -> Panel:
    """Newest values with all of their labels."""
    return Panel(title, description, (Query(query),), unit, "table", limits)
