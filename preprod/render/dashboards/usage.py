"""Is the product used, and for what: counts alone, of nobody in particular."""

from __future__ import annotations

from collections.abc import Iterator

from preprod.contract import Signal, signals
from preprod.contract.names import label_name
from preprod.render.dashboards.panels import RANGE, UNITS, Board, Panel, Query, Row, number
from preprod.render.dashboards.signals import rows as signal_rows
from preprod.render.dashboards.signals import title
from preprod.render.rules.promql import selector
from preprod.render.rules.rule import Watched


def board(watched: Watched) -> Board:
    """Uid ``usage``."""
    counters = [s for s in signals(watched.contract) if s.kind == "usage" and s.instrument == "counter"]
    rows = [Row("In the time shown", tuple(_totals(watched, counters)))] if counters else []
    rows += signal_rows(watched, "usage")
    if "longterm" in watched.components and counters:
        rows.append(Row("By the hour, as long as the long-term store keeps it", tuple(_hours(watched, counters))))
    return Board(
        "usage",
        "Usage",
        f"Is {watched.contract.application} used, and for what?",
        tuple(rows),
    )


def _totals(watched: Watched, counters: list[Signal]) -> Iterator[Panel]:
    for signal in counters:
        total = f"sum(increase({selector(signal.prometheus, signal.services)}[{RANGE}]))"
        yield number(
            title(watched.contract, signal),
            f"{signal.description.rstrip('.')}: all in the time shown.",
            (total, ""),
            unit=UNITS.get(signal.unit, "short"),
        )


def _hours(watched: Watched, counters: list[Signal]) -> Iterator[Panel]:
    for signal in counters:
        labels = [label_name(label) for label in signal.labels]
        recorded = selector(f"hourly:{signal.prometheus.removesuffix('_total')}:increase", signal.services)
        # One point an hour: the newest of the last one.
        asked = f"sum by ({', '.join(labels or ['job'])}) (last_over_time({recorded}[1h]))"
        legend = " ".join(f"{{{{{label}}}}}" for label in labels or ["job"])
        yield Panel(
            f"{title(watched.contract, signal)} by the hour",
            f"{signal.description.rstrip('.')}: hour by hour.",
            (Query(asked, legend, "longterm"),),
            unit=UNITS.get(signal.unit, "short"),
        )
