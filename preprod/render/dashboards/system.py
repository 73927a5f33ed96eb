"""Has the host enough of everything; and what stands beside the app on it."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.models import units

from preprod.render.dashboards.panels import RATE, Board, Limits, Panel, Row, lines, number
from preprod.render.rules import host
from preprod.render.rules.rule import Watched

_JOB = f'job="{host.JOB}"'
_DISKS = 'device!~"loop.*|ram.*|fd.*|sr.*"'


def board(watched: Watched) -> Board:
    """Uid ``system``."""
    rows = [*_host(watched)] if host.JOB in watched.components else []
    rows.append(Row("Entrance", tuple(_entrance())))
    rows += _databases(watched)
    return Board("system", "System", "Has the host enough of everything?", tuple(rows))


def _host(watched: Watched) -> Iterator[Row]:
    yield Row("Processors and memory", (*_figures(), *_processors(watched), *_memory(watched)))
    yield Row("Disks", (*_space(watched), *_disks()))
    yield Row("Clock", tuple(_clock(watched)))


def _figures() -> Iterator[Panel]:
    yield number(
        "Processors",
        "Cores that the host has.",
        (f'count(node_cpu_seconds_total{{{_JOB},mode="idle"}})', ""),
    )
    yield number(
        "Memory",
        "Memory that the host has.",
        (f"node_memory_MemTotal_bytes{{{_JOB}}}", ""),
        unit=units.BytesIEC,
    )
    yield number(
        "Up for",
        "Time since the host was started.",
        (f"time() - node_boot_time_seconds{{{_JOB}}}", ""),
        unit=units.DurationSeconds,
    )


def _processors(watched: Watched) -> Iterator[Panel]:
    cores = f'count(node_cpu_seconds_total{{{_JOB},mode="idle"}})'
    busy = f'sum by (mode) (rate(node_cpu_seconds_total{{{_JOB},mode!="idle"}}[{RATE}]))'
    yield lines(
        "CPU by mode",
        "What the processors do, as a share of all of their time; the rest is idle.",
        (f"{busy} / on () group_left () {cores}", "{{mode}}"),
        unit=units.PercentUnit,
        stacked=True,
    )
    yield lines(
        "Load per core",
        "Processes that run or wait for a disk, for each core, as an average of five minutes.",
        (f"sum(node_load5{{{_JOB}}}) / {cores}", "load"),
        limits=Limits(watched.settings.alert_thresholds.load_per_core),
    )


def _memory(watched: Watched) -> Iterator[Panel]:
    total, free = (f"node_memory_{name}_bytes{{{_JOB}}}" for name in ("MemTotal", "MemAvailable"))
    yield lines(
        "Memory in use",
        "Memory that cannot be had at once, and what files take of the rest.",
        (f"{total} - {free}", "in use"),
        (f"node_memory_Cached_bytes{{{_JOB}}}", "files"),
        unit=units.BytesIEC,
    )
    yield lines(
        "Memory available",
        "Share of the host's memory that can be had; when it is gone the kernel ends processes.",
        (f"{free} / {total}", "available"),
        unit=units.PercentUnit,
        limits=Limits(watched.settings.alert_thresholds.memory_percent / 100, low=True),
    )
    yield lines(
        "Processes ended for want of memory",
        "How many processes the kernel ended in an hour because they, or the host, had no memory left.",
        (f"increase(node_vmstat_oom_kill{{{_JOB}}}[1h])", "ended"),
        limits=Limits(1),
    )
    yield lines(
        "Pages fetched from disk",
        "Pages that a process needed and that had to be read, in each second; many are a sign of too little memory.",
        (f"rate(node_vmstat_pgmajfault{{{_JOB}}}[{RATE}])", "fetched"),
    )


def _space(watched: Watched) -> Iterator[Panel]:
    limits = watched.settings.alert_thresholds
    real = host.REAL
    yield lines(
        "Disk space free",
        "Share of each file system that is free.",
        (
            f"node_filesystem_avail_bytes{{{real}}} / node_filesystem_size_bytes{{{real}}} "
            f"and node_filesystem_readonly{{{_JOB}}} == 0",
            "{{mountpoint}}",
        ),
        unit=units.PercentUnit,
        limits=Limits(limits.disk_full_percent / 100, limits.disk_percent / 100, low=True),
    )
    yield lines(
        "Inodes free",
        "Share of the inodes that are free, where their number is fixed.",
        (f"node_filesystem_files_free{{{real}}} / (node_filesystem_files{{{real}}} > 0)", "{{mountpoint}}"),
        unit=units.PercentUnit,
        limits=Limits(limits.inodes_percent / 100, low=True),
    )


def _disks() -> Iterator[Panel]:
    yield lines(
        "Time that disks are busy",
        "Share of the time in which a disk had something to do.",
        (f"rate(node_disk_io_time_seconds_total{{{_JOB},{_DISKS}}}[{RATE}])", "{{device}}"),
        unit=units.PercentUnit,
        limits=Limits(1),
    )
    for what, doing in (("read", "read from"), ("written", "written to")):
        yield lines(
            f"Bytes {what}",
            f"Bytes {doing} each disk in a second.",
            (f"rate(node_disk_{what}_bytes_total{{{_JOB},{_DISKS}}}[{RATE}])", "{{device}}"),
            unit=units.BytesPerSecondIEC,
        )


def _clock(watched: Watched) -> Iterator[Panel]:
    yield lines(
        "Offset of the clock",
        "How far the host's clock is from the time that it is told; sessions and telemetry depend on it.",
        (f"abs(node_timex_offset_seconds{{{_JOB}}})", "offset"),
        unit=units.Seconds,
        limits=Limits(watched.settings.alert_thresholds.clock_seconds),
    )
    yield lines(
        "Clock is set",
        "1 while a time service sets the clock.",
        (f"node_timex_sync_status{{{_JOB}}}", "synchronized"),
        limits=Limits(1, low=True),
    )


def _entrance() -> Iterator[Panel]:
    yield lines(
        "Requests through Caddy",
        "Requests that Caddy handled in a second, by what handled them; those of health checks are among them.",
        (f'sum by (handler) (rate(caddy_http_requests_total{{job="caddy"}}[{RATE}]))', "{{handler}}"),
        unit=units.RequestsPerSecond,
    )
    yield lines(
        "App as Caddy sees it",
        "1 for each address of the app that Caddy holds to be healthy.",
        ('caddy_reverse_proxy_upstreams_healthy{job="caddy"}', "{{upstream}}"),
        limits=Limits(1, low=True),
    )


def _databases(watched: Watched) -> Iterator[Row]:
    found = [name for name in ("redis", "mongodb") if f"{name}-exporter" in watched.components]
    made = (
        lines(
            f"{name.capitalize()} answers",
            f"1 while the exporter of {name} can talk to it.",
            (f'{name}_up{{job="{name}-exporter"}}', name),
            limits=Limits(1, low=True),
        )
        for name in found
    )
    if found:
        yield Row("Other databases", tuple(made))
