"""Does the database answer, and what holds it up."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.models import units

from preprod.render.dashboards.panels import RATE, Board, Limits, Panel, Row, lines, number
from preprod.render.rules.databases import JOB, LONGEST, deadlocks, ended
from preprod.render.rules.rule import Watched

_JOB = f'job="{JOB}"'
_OURS = f'{_JOB},datname!~"template.*|postgres"'


def board(watched: Watched) -> Board | None:
    """Uid ``postgres``; none without postgres-exporter."""
    if JOB not in watched.components:
        return None
    rows = (
        Row("Does it answer", (*_figures(), *_connections(watched))),
        Row("Transactions", (*_ends(watched), *_transactions(watched))),
        Row("Rows and disk", (*_rows(), *_space())),
    )
    return Board("postgres", "Postgres", "Does the database answer, and what holds it up?", rows)


def _figures() -> Iterator[Panel]:
    yield number(
        "Answers",
        "1 while the exporter can log in.",
        (f"pg_up{{{_JOB}}}", ""),
        limits=Limits(1, low=True),
    )
    yield number(
        "Metrics that fail",
        "1 when the exporter cannot read all that it should.",
        (f"pg_exporter_last_scrape_error{{{_JOB}}}", ""),
        limits=Limits(1),
    )
    yield number(
        "Size",
        "Disk space of the app's database.",
        (f"sum(pg_database_size_bytes{{{_OURS}}})", ""),
        unit=units.BytesIEC,
    )


def _connections(watched: Watched) -> Iterator[Panel]:
    yield lines(
        "Connections by state",
        "Connections to all databases, by what they do.",
        (f"sum by (state) (pg_stat_activity_count{{{_JOB}}})", "{{state}}"),
        stacked=True,
    )
    yield lines(
        "Connections, of those that can be had",
        "Share of the connections that are taken; when all are, nobody gets in.",
        (f"sum(pg_stat_activity_count{{{_JOB}}}) / max(pg_settings_max_connections{{{_JOB}}})", "taken"),
        unit=units.PercentUnit,
        limits=Limits(watched.settings.alert_thresholds.database_connections_percent / 100),
    )


def _ends(watched: Watched) -> Iterator[Panel]:
    done, undone = (f"sum by (datname) (rate(pg_stat_database_xact_{how}{{{_OURS}}}[{RATE}]))" for how in _HOW)
    yield lines(
        "Transactions",
        "Transactions in a second, by how they ended.",
        (done, "{{datname}} committed"),
        (undone, "{{datname}} rolled back"),
        unit=units.OpsPerSecond,
    )
    part, all_ = ended(watched.clock)
    yield lines(
        "Rolled back",
        "Share of the transactions of a quarter of an hour that were undone.",
        (f"{part} / (({all_}) > 0)", "{{datname}}"),
        unit=units.PercentUnit,
        limits=Limits(watched.settings.alert_thresholds.database_rollback_percent / 100),
    )


def _transactions(watched: Watched) -> Iterator[Panel]:
    yield lines(
        "Longest transaction",
        "Age of the oldest transaction; it holds locks, and keeps dead rows from being removed.",
        (LONGEST, "{{datname}}"),
        unit=units.Seconds,
        limits=Limits(watched.settings.alert_thresholds.database_transaction_seconds),
    )
    yield lines(
        "Deadlocks",
        "Transactions in a quarter of an hour that blocked each other until one was ended.",
        (deadlocks(watched.clock), "{{datname}}"),
        limits=Limits(1),
    )
    yield lines(
        "Locks",
        "Locks that are held or waited for, by mode.",
        (f"sum by (mode) (pg_locks_count{{{_OURS}}})", "{{mode}}"),
    )


_HOW = ("commit", "rollback")


def _rows() -> Iterator[Panel]:
    kinds = ("inserted", "updated", "deleted")
    yield lines(
        "Rows changed",
        "Rows inserted, updated and deleted in a second.",
        *((f"sum(rate(pg_stat_database_tup_{kind}{{{_OURS}}}[{RATE}]))", kind) for kind in kinds),
        unit=units.OpsPerSecond,
    )
    hit, read = (f"sum by (datname) (rate(pg_stat_database_blks_{how}{{{_OURS}}}[{RATE}]))" for how in ("hit", "read"))
    yield lines(
        "Found in memory",
        "Share of the blocks that did not have to be read from disk.",
        (f"{hit} / (({hit} + {read}) > 0)", "{{datname}}"),
        unit=units.PercentUnit,
        floor=None,
    )
    yield lines(
        "Dead rows",
        "The ten tables with most rows that wait for vacuum.",
        (f"topk(10, pg_stat_user_tables_n_dead_tup{{{_JOB}}})", "{{relname}}"),
    )
    yield lines(
        "Live rows",
        "The ten tables with most rows.",
        (f"topk(10, pg_stat_user_tables_n_live_tup{{{_JOB}}})", "{{relname}}"),
    )


def _space() -> Iterator[Panel]:
    yield lines(
        "Temporary files",
        "Bytes in a second that queries write because they do not fit into memory.",
        (f"sum by (datname) (rate(pg_stat_database_temp_bytes{{{_OURS}}}[{RATE}]))", "{{datname}}"),
        unit=units.BytesPerSecondIEC,
    )
    yield lines(
        "Write-ahead log",
        "Disk space of the write-ahead log.",
        (f"pg_wal_size_bytes{{{_JOB}}}", "size"),
        unit=units.BytesIEC,
    )
