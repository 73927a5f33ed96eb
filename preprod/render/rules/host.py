"""The host: disks, memory, load, clock. From node-exporter, so without its network."""

from __future__ import annotations

from collections.abc import Iterator

from preprod.render.rules.promql import series
from preprod.render.rules.rule import Alert, Case, Severity, Watched, duration, number
from preprod.render.rules.simple import Maker

JOB = "node-exporter"
REAL = f'job="{JOB}",fstype!~"tmpfs|ramfs|squashfs|iso9660",mountpoint!~"/boot(/.*)?"'
"""File systems that fill up; what nothing can be written to is left out by its own metric."""

FILLING_HOURS, FILLING_FREE = 24, 0.4
"""A disk that will be full in so many hours, if less than this share of it is free already."""


def rules(watched: Watched) -> list[Alert]:
    """Nothing without node-exporter."""
    return list(_rules(watched)) if JOB in watched.components else []


def _rules(watched: Watched) -> Iterator[Alert]:
    make = Maker(watched.clock, "host", "system")
    yield from _disks(watched, make)
    yield from _memory(watched, make)
    yield from _load_and_clock(watched, make)


def _disk(metric: str, mountpoint: str = "/") -> str:
    return series(metric, {"job": JOB, "device": "d", "fstype": "ext4", "mountpoint": mountpoint})


def _disks(watched: Watched, make: Maker) -> Iterator[Alert]:
    limits = watched.settings.alert_thresholds
    steady = {_disk("node_filesystem_size_bytes"): 1000.0, _disk("node_filesystem_readonly"): 0.0}
    # What would fire, were it not read-only.
    steady |= {_disk("node_filesystem_avail_bytes", "/cd"): 0, _disk("node_filesystem_size_bytes", "/cd"): 1000}
    steady |= {_disk("node_filesystem_readonly", "/cd"): 1}
    advice = "If Docker's volumes lie on it: lower `retention` of logs or traces, which know no bound in bytes."
    writable = f'node_filesystem_readonly{{job="{JOB}"}} == 0'
    kinds: tuple[tuple[str, Severity, float, int], ...] = (
        ("DiskRunningLow", "warning", limits.disk_percent, 900),
        ("DiskNearlyFull", "critical", limits.disk_full_percent, 300),
    )
    for name, severity, percent, hold in kinds:
        yield make.level(
            name,
            f"node_filesystem_avail_bytes{{{REAL}}} / node_filesystem_size_bytes{{{REAL}}} < {number(percent / 100)} "
            f"and {writable}",
            (
                "{{ $value | humanizePercentage }} left on {{ $labels.mountpoint }}",
                f"Less than {number(percent)} % of {{{{ $labels.device }}}} at {{{{ $labels.mountpoint }}}} is free. "
                f"{advice}",
            ),
            {_disk("node_filesystem_avail_bytes"): percent * 10 - 1},
            {_disk("node_filesystem_avail_bytes"): percent * 10},
            hold=hold,
            severity=severity,
            steady=steady,
        )
    yield _filling(watched, writable)
    files = {_disk("node_filesystem_files"): 1000.0, _disk("node_filesystem_readonly"): 0.0}
    inodes = limits.inodes_percent
    yield make.level(
        "InodesRunningLow",
        # A file system without a fixed number of them says 0 of 0, which is no number.
        f"node_filesystem_files_free{{{REAL}}} / node_filesystem_files{{{REAL}}} < {number(inodes / 100)} "
        f"and {writable}",
        (
            "{{ $value | humanizePercentage }} of the inodes left on {{ $labels.mountpoint }}",
            f"Less than {number(inodes)} % of the inodes of {{{{ $labels.mountpoint }}}} are free: when they are gone "
            "no file can be made, however much space there is.",
        ),
        {_disk("node_filesystem_files_free"): inodes * 10 - 1},
        {_disk("node_filesystem_files_free"): inodes * 10},
        hold=900,
        steady=files,
    )


def _filling(watched: Watched, writable: str) -> Alert:
    clock = watched.clock
    window, ahead = clock.window(6 * 3600), clock.time(FILLING_HOURS * 3600)
    hold, step = clock.time(1800), clock.time(600)
    free = f"node_filesystem_avail_bytes{{{REAL}}}"
    return Alert(
        alert="DiskFillingUp",
        # Half of the window at least: the first minutes of a host, full of downloads, tell nothing of a day.
        expr=f"predict_linear({free}[{duration(window)}], {number(ahead)}) < 0 "
        f"and {free} / node_filesystem_size_bytes{{{REAL}}} < {number(FILLING_FREE)} "
        f"and {free} offset {duration(window / 2)} and {writable}",
        hold=hold,
        severity="warning",
        component="host",
        summary="{{ $labels.mountpoint }} will be full within a day",
        description=f"If {{{{ $labels.mountpoint }}}} goes on as in the last {duration(window)}, it is full in less "
        f"than {duration(ahead)}.",
        dashboard="system",
        step=step,
        cases=_shrinking(round(window / step), round(hold / step), ahead / step),
    )


def _shrinking(window: int, hold: int, ahead: float) -> tuple[Case, ...]:
    """Cases of a disk that shrinks fast, then no more; and of one that lasts just longer.

    :param window, hold, ahead: in steps.
    """
    size, first = 1_000_000, 390_000
    steady = {
        _disk("node_filesystem_size_bytes"): f"{size}+0x{4 * window}",
        _disk("node_filesystem_readonly"): f"0+0x{4 * window}",
    }
    bad = window + hold
    fast = round(1.1 * first / (ahead + bad))
    slow = round(0.9 * first / (ahead + 3 * window))
    avail = _disk("node_filesystem_avail_bytes")
    # The sum of both stays the same until it stops, so a shorter window tells no more of it: the time of that does.
    reached = int((ahead + bad) / 1.1 - ahead) + 1
    steep = int(0.9 * first / bad)

    def stops(shrinking: int) -> str:
        return f"{first}-{shrinking}x{bad} {first - shrinking * bad}+0x{2 * window}"

    return (
        Case(
            "fires and resolves",
            {avail: stops(fast), **steady},
            {reached + hold - 1: 0, bad: 1, bad + 2 * window: 0},
        ),
        Case("just below", {avail: f"{first}-{slow}x{3 * window}", **steady}, {window: 0, 3 * window: 0}),
        Case("remembers for the whole window", {avail: stops(steep), **steady}, {bad + window // 2 + 2: 1}),
        Case(
            "just begun",
            {avail: f"_x2 {stops(steep)}", **steady},
            {window // 2 + hold + 1: 0, window // 2 + hold + 2: 1},
        ),
    )


def _memory(watched: Watched, make: Maker) -> Iterator[Alert]:
    percent = watched.settings.alert_thresholds.memory_percent
    free, total = (series(f"node_memory_{name}_bytes", {"job": JOB}) for name in ("MemAvailable", "MemTotal"))
    yield make.level(
        "HostMemoryLow",
        f"{free} / {total} < {number(percent / 100)}",
        (
            "{{ $value | humanizePercentage }} of the host's memory left",
            f"Less than {number(percent)} % of the memory is available; when it is gone the kernel ends processes.",
        ),
        {free: percent * 10 - 1},
        {free: percent * 10},
        hold=900,
        steady={total: 1000},
    )
    killed = series("node_vmstat_oom_kill", {"job": JOB})
    yield make.event(
        "HostOutOfMemory",
        killed,
        ("The kernel ended a process for want of memory", "A container reached its limit, or the host has none left."),
        series("node_vmstat_oom_kill", {"job": JOB, "instance": "one"}),
    )


def _load_and_clock(watched: Watched, make: Maker) -> Iterator[Alert]:
    limits = watched.settings.alert_thresholds
    load = series("node_load5", {"job": JOB})
    cores = series("node_cpu_seconds_total", {"job": JOB, "mode": "idle"})
    two = {series("node_cpu_seconds_total", {"job": JOB, "mode": "idle", "cpu": cpu}): 1.0 for cpu in "01"}
    two |= {series("node_cpu_seconds_total", {"job": JOB, "mode": "user", "cpu": cpu}): 1.0 for cpu in "01"}
    yield make.level(
        "HostLoadHigh",
        f"sum by (job) ({load}) > {number(limits.load_per_core)} * count by (job) ({cores})",
        (
            "Load of the host: {{ $value | humanize }}",
            f"More than {number(limits.load_per_core)} processes per core run, or wait for a disk.",
        ),
        {load: limits.load_per_core * 2.02},
        {load: limits.load_per_core * 2},
        hold=900,
        steady=two,
    )
    offset = series("node_timex_offset_seconds", {"job": JOB})
    yield make.level(
        "HostClockSkewed",
        f"abs({offset}) > {number(limits.clock_seconds)}",
        (
            "The host's clock is off by {{ $value | humanizeDuration }}",
            "Sessions, certificates and the order of telemetry depend on it.",
        ),
        {offset: -limits.clock_seconds * 1.1},
        {offset: -limits.clock_seconds},
        hold=600,
    )
    synchronized = series("node_timex_sync_status", {"job": JOB})
    yield make.level(
        "HostClockNotSynchronized",
        f"{synchronized} == 0",
        ("Nothing sets the host's clock", "No time service runs, or it reaches no server: the clock drifts."),
        {synchronized: 0},
        {synchronized: 1},
        hold=1800,
        severity="info",
    )
