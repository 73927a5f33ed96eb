"""Is work done that nobody waits for: jobs, queues, e-mail."""

from __future__ import annotations

from collections.abc import Iterator

from preprod.contract import signals
from preprod.contract.names import label_name
from preprod.render.dashboards.panels import Board, Panel, Row, lines
from preprod.render.dashboards.signals import HOUR, title
from preprod.render.dashboards.signals import rows as signal_rows
from preprod.render.rules.promql import selector
from preprod.render.rules.rule import Watched, duration


def board(watched: Watched) -> Board | None:
    """Uid ``jobs``; none for an app without any."""
    rows = signal_rows(watched, "jobs")
    runs = tuple(_runs(watched))
    if not rows and not runs:
        return None
    of_jobs = [Row("Runs", runs)] if runs else []
    return Board("jobs", "Jobs and queue", "Is the work done that nobody waits for?", (*of_jobs, *rows))


def _runs(watched: Watched) -> Iterator[Panel]:
    """How often, of every histogram whose labels are the names of jobs."""
    for signal in signals(watched.contract):
        histogram = watched.contract.histograms.get(signal.name)
        if histogram is None or "jobs" not in histogram.labels.values():
            continue
        label = next(label_name(name) for name, values in histogram.labels.items() if values == "jobs")
        window = duration(watched.clock.window(HOUR))
        count = selector(signal.exposed[2], signal.services)
        yield lines(
            f"{title(watched.contract, signal)}: how many in {window}",
            f"How often it was measured, by job: {signal.description[0].lower()}{signal.description[1:]}",
            (f"sum by ({label}) (increase({count}[{window}]))", f"{{{{{label}}}}}"),
            empty="none in this time",
        )
