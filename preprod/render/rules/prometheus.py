"""Prometheus itself, and the second one, which keeps hourly aggregates; and the way of alerts to Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from preprod.observability import SECONDS_PER_DAY
from preprod.render.rules import cases
from preprod.render.rules.promql import series
from preprod.render.rules.rule import Alert, Case, Watched, number
from preprod.render.rules.simple import EVENT_WINDOW, Maker

KEPT_LONGER = 2
"""Days that Prometheus may keep beyond its retention: it removes blocks whole, and the greatest spans a tenth of it."""


def rules(watched: Watched) -> list[Alert]:
    """Those of each Prometheus that runs."""
    kept = watched.settings.retention
    made = [*_rules(watched), *_one(watched, "prometheus", kept.metrics_days)]
    if "longterm" in watched.components:
        made += _one(watched, "longterm", kept.longterm_days)
    if "alertmanager" in watched.components:
        made += _way_to_alertmanager(watched)
    return made


def _rules(watched: Watched) -> Iterator[Alert]:
    """The second one has no rules."""
    make = Maker(watched.clock, "prometheus", "telemetry")
    events = (
        (
            "PrometheusRulesFailing",
            "prometheus_rule_evaluation_failures_total",
            "Rules cannot be evaluated",
            "What they watch is not watched: see Prometheus' log for the rule and the reason.",
        ),
        (
            "PrometheusRulesMissed",
            "prometheus_rule_group_iterations_missed_total",
            "Rules take longer than there is time for",
            "Alerts come late, and recorded series have gaps.",
        ),
    )
    yield from _events(make, "prometheus", events)


def _one(watched: Watched, job: str, days: int) -> Iterator[Alert]:
    """What every Prometheus can suffer from.

    :param days: for which it keeps what it has.
    """
    make = Maker(watched.clock, job, "telemetry")
    events = (
        (
            "PrometheusCompactionsFailing",
            "prometheus_tsdb_compactions_failed_total",
            "{{ $labels.job }} cannot write its blocks",
            "Most likely the disk is full; what is only in memory grows.",
        ),
        (
            "PrometheusReloadsFailing",
            "prometheus_tsdb_reloads_failures_total",
            "{{ $labels.job }} cannot read its blocks",
            "A block is damaged, or files are missing; older data cannot be had.",
        ),
        (
            "PrometheusTooManySamples",
            "prometheus_target_scrapes_exceeded_sample_limit_total",
            "A target of {{ $labels.job }} has more samples than it may have",
            "It is refused whole: look which target is down, and which of its labels has no bound.",
        ),
    )
    yield from _events(make, job, events)
    yield _damaged(make, job)
    yield _retention(make, job, days)


def _events(make: Maker, job: str, events: tuple[tuple[str, str, str, str], ...]) -> Iterator[Alert]:
    for name, metric, summary, description in events:
        yield make.event(name, series(metric, {"job": job}), (summary, description), series(metric, {"job": job}))


def _damaged(make: Maker, job: str) -> Alert:
    window, step = make.clock.window(EVENT_WINDOW), make.clock.time(60)
    found, started = (
        series(metric, {"job": job})
        for metric in ("prometheus_tsdb_wal_corruptions_total", "process_start_time_seconds")
    )
    made = make.event(
        "PrometheusLogDamaged",
        found,
        (
            "{{ $labels.job }} found its log of writes damaged",
            "Samples from before the last start are lost, most often after a power cut or a full disk.",
        ),
        found,
    )
    # Most often it finds that before its first sample, which then has it: nothing grows.
    at_start = f"sum by (job) ({found} and time() - {started} < {number(window)}) > 0"
    later = cases.event(found, window=window, step=step, steady={started: -2 * window})
    return replace(
        made,
        expr=f"{made.expr} or {at_start}",
        cases=(*later, *cases.of_further(_from_the_start(found, started, window, step), "at its start")),
    )


def _from_the_start(found: str, started: str, window: float, step: float) -> tuple[Case, ...]:
    """Cases of a process that has counted one before its first sample, and of one that has not."""
    steps = ceil(window / step)
    begun = {started: f"_x{cases.LEAD} {number(cases.LEAD * step)}+0x{steps + 2}"}
    last, over = cases.LEAD + steps - 1, cases.LEAD + steps + 1
    return (
        Case(
            "fires and resolves",
            {found: f"_x{cases.LEAD} 1+0x{steps + 2}", **begun},
            {cases.LEAD - 1: 0, cases.LEAD: 1, last: 1, over: 0},
        ),
        Case("just below", {found: f"_x{cases.LEAD} 0+0x{steps + 2}", **begun}, {cases.LEAD: 0, over: 0}),
    )


def _retention(make: Maker, job: str, days: int) -> Alert:
    oldest = series("prometheus_tsdb_lowest_timestamp_seconds", {"job": job})
    longest = round((days * 1.1 + KEPT_LONGER) * SECONDS_PER_DAY)
    return make.level(
        "PrometheusRetentionStale",
        f"time() - {oldest} > {longest}",
        (
            "{{ $labels.job }} has metrics of {{ $value | humanizeDuration }} ago",
            "What is older than its `retention` allows is not removed.",
        ),
        {oldest: -longest},
        # Younger by more than the test takes.
        {oldest: 21600 - longest},
        # It goes by its newest block, and after a pause of days writes the next when it has three hours in memory.
        hold=4 * 3600,
    )


def _way_to_alertmanager(watched: Watched) -> Iterator[Alert]:
    make = Maker(watched.clock, "prometheus", "telemetry")
    found = series("prometheus_notifications_alertmanagers_discovered", {"job": "prometheus"})
    yield make.level(
        "PrometheusWithoutAlertmanager",
        f"{found} < 1",
        ("Prometheus knows no Alertmanager", "Alerts fire and nobody gets to know."),
        {found: 0},
        {found: 1},
        hold=300,
        severity="critical",
    )
    for name, what in (("errors", "PrometheusNotificationsRefused"), ("dropped", "PrometheusNotificationsDropped")):
        metric = series(f"prometheus_notifications_{name}_total", {"job": "prometheus"})
        # Those of a start are dropped (for 5 s it looks for Alertmanager), and those of Alertmanager's update are
        # refused; both are sent again. While it is a fault, the watchdog meets it each minute.
        yield make.events(
            what,
            metric,
            ("Alerts do not reach Alertmanager", "It is down, or refuses them; those that fire on are sent again."),
            metric,
            window=300,
        )
