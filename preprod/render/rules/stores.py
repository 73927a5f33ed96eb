"""What keeps telemetry, shows it and sends alerts: Alertmanager, Loki, Grafana; and what refuses its files.

Prometheus and Tempo have modules of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from preprod.render.rules import cases
from preprod.render.rules.promql import series
from preprod.render.rules.rule import Alert, Clock, Dashboard, Watched, duration, number
from preprod.render.rules.simple import Maker

STALE = 3 * 3600
"""Seconds without a run of Loki's retention, which is due every ten minutes."""


def rules(watched: Watched) -> list[Alert]:
    """Those of the components that run."""
    clock = watched.clock
    made = [*_reloads(watched)]
    if "alertmanager" in watched.components:
        made += _alertmanager(watched)
    if "loki" in watched.components:
        made += _loki(watched, clock)
    if "grafana" in watched.components:
        made.append(_grafana(watched, clock))
    return made


def _reloads(watched: Watched) -> Iterator[Alert]:
    readers: tuple[tuple[str, str, Dashboard], ...] = (
        ("prometheus", "prometheus", "telemetry"),
        ("longterm", "prometheus", "telemetry"),
        ("alertmanager", "alertmanager", "telemetry"),
        ("caddy", "caddy", "system"),
    )
    # Caddy has told of it since 2.9 (https://github.com/caddyserver/caddy/pull/6531), and Debian's is 2.6.
    unknown = {"caddy"} & watched.packaged
    for component, prefix, dashboard in readers:
        if component not in watched.components - unknown:
            continue
        loaded = series(f"{prefix}_config_last_reload_successful", {"job": component})
        yield Maker(watched.clock, component, dashboard).level(
            f"{prefix.capitalize()}ConfigBad",
            f"{loaded} == 0",
            (
                f"{component} refused its configuration",
                "It goes on with what it had before, and does not survive a restart.",
            ),
            {loaded: 0},
            {loaded: 1},
            hold=300,
        )


def _alertmanager(watched: Watched) -> Iterator[Alert]:
    make = Maker(watched.clock, "alertmanager", "telemetry")
    metric, switch = "alertmanager_notifications_failed_total", watched.settings.dead_mans_switch
    job, by = {"job": "alertmanager"}, "integration"
    yield make.event(
        "NotificationsFailing",
        f'{metric}{{job="alertmanager",integration!="webhook"}}' if switch else series(metric, job),
        (
            "Notifications by {{ $labels.integration }} fail",
            "Alerts fire and somebody does not get to know: the receiver is down, or refuses.",
        ),
        series(metric, {**job, "integration": "email"}),
        by=by,
        severity="critical",
    )
    if switch:
        webhooks = series(metric, {**job, "integration": "webhook"})
        # A receiver that fails is counted at each interval of its group; the switch is called each minute, and one call
        # that it misses is no matter.
        window = max(300, 1.5 * watched.settings.alert_grouping.interval_seconds)
        yield make.events(
            "WebhooksFailing",
            webhooks,
            (
                "Calls by {{ $labels.integration }} go on failing",
                "Whoever hears the dead man's switch, or a receiver of alerts, is down, refuses, or cannot be reached.",
            ),
            webhooks,
            window=window,
            by=by,
            severity="critical",
        )


def _loki(watched: Watched, clock: Clock) -> Iterator[Alert]:
    make = Maker(clock, "loki", "telemetry")
    events = (
        ("LokiPanics", "loki_panic_total", "Loki fails from within", "A query or a line meets a fault of Loki itself."),
        (
            "LokiDiskFull",
            "loki_ingester_wal_disk_full_failures_total",
            "Loki cannot write its log",
            "The disk is full: lines that are only in memory are lost with the next crash.",
        ),
    )
    for name, metric, summary, description in events:
        yield make.event(name, series(metric, {"job": "loki"}), (summary, description), series(metric, {"job": "loki"}))
    yield _loki_retention(make)
    yield _errors(make, watched, "LokiErrors", "loki_request_duration_seconds_count", "loki")


def _loki_retention(make: Maker) -> Alert:
    stale = make.clock.time(STALE)
    ran = series("loki_compactor_apply_retention_last_successful_run_timestamp_seconds", {"job": "loki"})
    started = series("process_start_time_seconds", {"job": "loki"})
    made = make.level(
        "LokiRetentionStale",
        # 0 until the first run after a start: until then the start counts.
        f"time() - ({ran} != 0 or {started}) > {number(stale)}",
        (
            "Loki has not removed old lines for {{ $value | humanizeDuration }}",
            "Retention should run every ten minutes: log lines are kept too long, and fill the disk.",
        ),
        {ran: -stale},
        # Later by more than the test takes.
        {ran: 3600 - stale},
        hold=600,
        steady={started: -2 * stale},
    )
    never = cases.level({started: -stale}, {started: 3600 - stale}, hold=made.hold, step=made.step, steady={ran: 0})
    return replace(made, cases=(*made.cases, *cases.of_further(never, "since the start")))


def _grafana(watched: Watched, clock: Clock) -> Alert:
    make = Maker(clock, "grafana", "telemetry")
    return _errors(make, watched, "GrafanaErrors", "grafana_http_request_duration_seconds_count", "grafana")


def _errors(make: Maker, watched: Watched, alert: str, metric: str, job: str) -> Alert:
    limits, window = watched.settings.alert_thresholds, watched.clock.window(900)
    share = limits.error_percent / 100
    beyond = min(share * 1.05, 1)
    every = f'sum by (job) (increase({metric}{{job="{job}"}}[{duration(window)}]))'
    errors = f'sum by (job) (increase({metric}{{job="{job}",status_code=~"5.."}}[{duration(window)}]))'
    failed, done = (series(metric, {"job": job, "status_code": code}) for code in ("500", "200"))
    return make.growth(
        alert,
        f"{errors} > {number(share)} * {every} and {every} >= {limits.events}",
        (
            f"{job} fails {{{{ $value | humanize }}}} requests in {duration(window)}",
            f"More than {number(share * 100)} % of the requests to {job} end in an error of its own.",
        ),
        {failed: 1000 * beyond, done: 1000 - 1000 * beyond},
        {failed: share * 950, done: 1000 - share * 950},
        window=window,
        judged=({failed: 500, done: 500}, limits.events),
    )
