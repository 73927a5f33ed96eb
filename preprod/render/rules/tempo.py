"""Tempo: what it fails at, and whether it looks for old traces at all."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from preprod.render.rules import cases
from preprod.render.rules.promql import series
from preprod.render.rules.rule import Alert, Case, Watched, duration, number
from preprod.render.rules.simple import Maker

STALE = 3 * 3600
"""Seconds without a run of retention, which is due every hour."""


def rules(watched: Watched) -> list[Alert]:
    """Nothing without Tempo."""
    make = Maker(watched.clock, "tempo", "telemetry")
    return [*_failures(make), _retention(make)] if "tempo" in watched.components else []


def _failures(make: Maker) -> Iterator[Alert]:
    events = (
        (
            "TempoRetentionFailing",
            "tempodb_retention_errors_total",
            "Tempo cannot remove old traces",
            "Traces are kept too long, and fill the disk.",
        ),
        (
            "TempoCompactionFailing",
            "tempodb_compaction_errors_total",
            "Tempo cannot merge its blocks",
            "Searches get slower; most likely the disk is full.",
        ),
        (
            "TempoPollFailing",
            "tempodb_blocklist_poll_errors_total",
            "Tempo cannot list its blocks",
            "New blocks are not found by search, old ones not removed.",
        ),
        (
            "TempoFlushFailing",
            "tempo_live_store_local_failed_flushes_total",
            "Tempo cannot write traces",
            "They stay in memory until it runs out; most likely the disk is full.",
        ),
    )
    for name, metric, summary, description in events:
        yield make.event(
            name, series(metric, {"job": "tempo"}), (summary, description), series(metric, {"job": "tempo"})
        )


def _retention(make: Maker) -> Alert:
    window, step = make.clock.window(STALE), make.clock.time(600)
    looked = duration(window)
    runs = series("tempodb_retention_duration_seconds_count", {"job": "tempo"})
    blocks = series("tempodb_blocklist_length", {"job": "tempo"})
    started = series("process_start_time_seconds", {"job": "tempo"})
    return Alert(
        alert="TempoRetentionStale",
        # It does not run without a block, when there is nobody whose traces to look through, nor in the first hour.
        expr=f"increase({runs}[{looked}]) == 0 and on (instance) {blocks} offset {looked} > 0 "
        f"and on (instance) time() - {started} > {number(window)}",
        severity="warning",
        component="tempo",
        summary="Tempo does not look for old traces",
        description=f"It should every hour, and has not for {looked}: traces are kept too long, and fill the disk.",
        dashboard=make.dashboard,
        step=step,
        cases=_stops_running(ceil(window / step), step),
    )


def _stops_running(window: int, step: float) -> tuple[Case, ...]:
    """Cases of what runs, then no more; what runs now and then; and what has nothing to do, or not for long.

    :param window: in steps.
    """
    runs, blocks, started = (
        {one: series(metric, {"job": "tempo", "instance": one}) for one in ("one", "two")}
        for metric in (
            "tempodb_retention_duration_seconds_count",
            "tempodb_blocklist_length",
            "process_start_time_seconds",
        )
    )
    lead, total = window + 2, 3 * window + 6
    stops = cases.counter([(1, lead), (0, window + 2), (1, window + 2)])
    rarely = " ".join(f"{run}+0x{window - 2}" for run in range(4))
    never, has, long_ago = f"0+0x{total}", f"5+0x{total}", f"{number(-2 * window * step)}+0x{total}"
    two = {runs["two"]: cases.counter([(1, total)]), blocks["two"]: has, started["two"]: long_ago}
    return (
        Case(
            "fires and resolves",
            {runs["one"]: stops, blocks["one"]: has, started["one"]: long_ago},
            {lead + window - 2: 0, lead + window: 1, total - 1: 0},
        ),
        Case(
            "just below",
            {runs["one"]: rarely, blocks["one"]: has, started["one"]: long_ago},
            {2 * window: 0, 3 * window: 0},
        ),
        Case(
            "the first block",
            {runs["one"]: never, blocks["one"]: f"_x2 {has}", started["one"]: long_ago},
            {window + 1: 0, window + 2: 1},
        ),
        Case(
            "nothing to look through",
            {runs["one"]: never, blocks["one"]: never, started["one"]: long_ago, **two},
            {2 * window: 0},
        ),
        Case(
            "just begun",
            {runs["one"]: never, blocks["one"]: has, started["one"]: f"{number(2 * step)}+0x{total}", **two},
            {window + 1: 0, window + 4: 1},
        ),
    )
