"""Postgres, and Redis and MongoDB where they are watched."""

from __future__ import annotations

from collections.abc import Iterator

from preprod.render.rules.promql import series
from preprod.render.rules.rule import Alert, Clock, Watched, duration, number
from preprod.render.rules.simple import Maker, lately

JOB = "postgres-exporter"
DEAD_TUPLES = 10000
"""Dead rows below which a table's share of them is no matter."""

LONGEST = f'max by (job, datname) (pg_stat_activity_max_tx_duration{{job="{JOB}"}})'
"""PromQL: seconds for which the oldest transaction of a database is open."""

_DEADLOCKS, _DATABASE = f'pg_stat_database_deadlocks{{job="{JOB}"}}', "job, datname"
_ENDS_WINDOW = 900
"""Seconds in which transactions are counted."""


def deadlocks(clock: Clock) -> str:
    """PromQL of the deadlocks of each database."""
    return lately(clock, _DEADLOCKS, _DATABASE)


def ended(clock: Clock) -> tuple[str, str]:
    """PromQL of the transactions of each database that were undone, and of all."""
    window = duration(clock.window(_ENDS_WINDOW))
    undone, kept = (
        f'sum by ({_DATABASE}) (increase(pg_stat_database_xact_{how}{{job="{JOB}"}}[{window}]))'
        for how in ("rollback", "commit")
    )
    return undone, f"{undone} + {kept}"


def rules(watched: Watched) -> list[Alert]:
    """Those of the databases whose exporters run."""
    made: list[Alert] = []
    if JOB in watched.components:
        make = Maker(watched.clock, "postgres", "postgres")
        made = [*_up(make), *_connections(watched, make), *_transactions(watched, make), *_tables(make)]
    for name, metric in (("redis", "redis_up"), ("mongodb", "mongodb_up")):
        if f"{name}-exporter" in watched.components:
            made.append(_down(Maker(watched.clock, name, "system"), name, metric))
    return made


def _down(make: Maker, name: str, metric: str) -> Alert:
    up = series(metric, {"job": f"{name}-exporter"})
    return make.level(
        f"{name.capitalize()}Down",
        f"{up} == 0",
        (f"{name} does not answer", f"The exporter of {name} runs and cannot talk to it."),
        {up: 0},
        {up: 1},
        hold=60,
        severity="critical",
    )


def _up(make: Maker) -> Iterator[Alert]:
    up, error = series("pg_up", {"job": JOB}), series("pg_exporter_last_scrape_error", {"job": JOB})
    yield make.level(
        "PostgresDown",
        f"{up} == 0",
        ("Postgres does not answer", "The exporter cannot log in: without the database the app does nothing."),
        {up: 0},
        {up: 1},
        hold=60,
        linger=120,
        severity="critical",
    )
    yield make.level(
        "PostgresHalfSeen",
        f"{error} == 1 and {up} == 1",
        (
            "Not all metrics of Postgres can be had",
            "The exporter fails in part: other rules about Postgres may be blind.",
        ),
        {error: 1},
        {error: 0},
        hold=900,
        severity="info",
        steady={up: 1},
    )


def _connections(watched: Watched, make: Maker) -> Iterator[Alert]:
    percent = watched.settings.alert_thresholds.database_connections_percent
    used = series("pg_stat_activity_count", {"job": JOB, "datname": "socialize", "state": "idle"})
    most = series("pg_settings_max_connections", {"job": JOB})
    yield make.level(
        "PostgresConnectionsHigh",
        f'sum by (job) (pg_stat_activity_count{{job="{JOB}"}}) > {number(percent / 100)} * max by (job) ({most})',
        (
            "{{ $value }} connections to Postgres",
            f"More than {number(percent)} % of the connections are taken; when all are, nobody gets in.",
        ),
        {used: percent + 1},
        {used: percent},
        hold=300,
        steady={most: 100},
    )


def _transactions(watched: Watched, make: Maker) -> Iterator[Alert]:
    limits, window = watched.settings.alert_thresholds, watched.clock.window(_ENDS_WINDOW)
    locks = series("pg_stat_database_deadlocks", {"job": JOB, "datname": "socialize"})
    yield make.event(
        "PostgresDeadlocks",
        _DEADLOCKS,
        ("Transactions of {{ $labels.datname }} block each other", "Postgres ended one of them; its request failed."),
        locks,
        by=_DATABASE,
    )
    back, done = (
        series(f"pg_stat_database_xact_{how}", {"job": JOB, "datname": "socialize"}) for how in ("rollback", "commit")
    )
    share = limits.database_rollback_percent / 100
    beyond = min(share * 1.05, 1)
    undone, all_ = ended(watched.clock)
    yield make.growth(
        "PostgresRollbacksHigh",
        f"{undone} > {number(share)} * ({all_}) and {all_} >= {limits.events}",
        (
            "{{ $value | humanize }} transactions of {{ $labels.datname }} were undone",
            f"More than {number(share * 100)} % of the transactions end in a rollback.",
        ),
        {back: 1000 * beyond, done: 1000 - 1000 * beyond},
        {back: 1000 * share * 0.95, done: 1000 - 1000 * share * 0.95},
        window=window,
        severity="info",
        judged=({back: 500, done: 500}, limits.events),
    )
    longest = limits.database_transaction_seconds
    # A gauge that grows by itself: its value, and no rate of it.
    age = series("pg_stat_activity_max_tx_duration", {"job": JOB, "datname": "socialize"})
    yield make.level(
        "PostgresTransactionLong",
        f"{LONGEST} > {number(longest)}",
        (
            "A transaction of {{ $labels.datname }} is open for {{ $value | humanizeDuration }}",
            "It holds locks, and keeps dead rows from being removed.",
        ),
        {age: longest + 1},
        {age: longest},
        hold=60,
    )


def _tables(make: Maker) -> Iterator[Alert]:
    of = {"job": JOB, "datname": "socialize", "schemaname": "public", "relname": "comments"}
    dead, live = (series(f"pg_stat_user_tables_n_{kind}_tup", of) for kind in ("dead", "live"))
    yield make.level(
        "PostgresVacuumBehind",
        f'pg_stat_user_tables_n_dead_tup{{job="{JOB}"}} > {DEAD_TUPLES} and '
        f'pg_stat_user_tables_n_dead_tup{{job="{JOB}"}} > pg_stat_user_tables_n_live_tup{{job="{JOB}"}}',
        (
            "{{ $labels.relname }} has {{ $value | humanize }} dead rows",
            "More than live ones: autovacuum does not keep up, or a transaction keeps it from its work.",
        ),
        {dead: DEAD_TUPLES * 2 + 1},
        {dead: DEAD_TUPLES * 2},
        hold=3600,
        severity="info",
        steady={live: DEAD_TUPLES * 2},
    )
