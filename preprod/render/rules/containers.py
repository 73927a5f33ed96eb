"""Containers of the project, declared ones that are not there among them. From engine-proxy, by service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from preprod.paths import PROJECT
from preprod.render.rules.promql import series
from preprod.render.rules.rule import Alert, Case, Watched, duration, number
from preprod.render.rules.simple import Maker

JOB = "engine-proxy"
UNSEEN = frozenset({JOB, "prometheus"})
"""Of these nobody could tell that they are missing: who tells of containers, and who judges what is told."""

_ALL = f'job="{JOB}",project="{PROJECT}"'


def rules(watched: Watched) -> list[Alert]:
    """Nothing without engine-proxy."""
    return list(_rules(watched)) if JOB in watched.components else []


def _rules(watched: Watched) -> Iterator[Alert]:
    make = Maker(watched.clock, "containers", "containers")
    yield from _engine(make)
    for service in sorted(watched.components - UNSEEN):
        yield _missing(make, service)
    yield from _states(watched, make)
    yield from _limits(watched, make)


def _one(metric: str, service: str = "api", **more: str) -> str:
    labels = {"job": JOB, "project": PROJECT, "service": service, "name": f"{PROJECT}-{service}-1"}
    return series(metric, {**labels, **more})


def _engine(make: Maker) -> Iterator[Alert]:
    up = series("engine_up", {"job": JOB})
    yield make.level(
        "EngineDown",
        f"{up} == 0",
        ("The Docker engine does not answer", "Containers may run on, but nothing starts, stops or restarts them."),
        {up: 0},
        {up: 1},
        hold=120,
        severity="critical",
    )
    up = series("up", {"job": JOB})
    yield make.level(
        "ContainersUnwatched",
        # Also when the engine has gone: engine-proxy soon ends without it, and only the engine starts it again.
        f"{up} == 0",
        (
            "Containers are not watched",
            "engine-proxy does not answer, maybe for want of Docker: nobody would tell of a container that stops.",
        ),
        {up: 0},
        {up: 1},
        hold=180,
        linger=120,
        severity="critical",
    )
    unread = series("engine_unreadable_containers", {"job": JOB})
    yield make.level(
        "EngineTellsTooLittle",
        f"{unread} > 0",
        (
            "{{ $value }} containers cannot be read",
            "The engine does not tell all about them: what the other rules say of containers is not the whole truth.",
        ),
        {unread: 1},
        {unread: 0},
        hold=600,
        severity="info",
    )


def _missing(make: Maker, service: str) -> Alert:
    running, up = _one("container_running", service), series("engine_up", {"job": JOB})
    return make.level(
        "ContainerMissing",
        # absent() of what runs: a container that stopped and one that was never made are alike.
        f'absent(container_running{{{_ALL},service="{service}"}} == 1) and on () {up} == 1',
        (f"No container of {service} runs", f"{service} is part of this deployment, and none of its containers runs."),
        {running: 0},
        {running: 1},
        hold=180,
        linger=120,
        severity="critical",
        steady={up: 1},
        marks={"service": service},
    )


def _states(watched: Watched, make: Maker) -> Iterator[Alert]:
    sick = _one("container_health_status", status="unhealthy")
    yield make.level(
        "ContainerUnhealthy",
        f'container_health_status{{{_ALL},status="unhealthy"}} == 1',
        (
            "{{ $labels.service }} is unhealthy",
            "The health check of {{ $labels.name }} fails; it runs, and does not work.",
        ),
        {sick: 1},
        {sick: 0},
        hold=120,
    )
    window, most = watched.clock.window(900), watched.settings.alert_thresholds.container_starts
    started = _one("container_start_time_seconds")
    yield replace(
        make.level(
            "ContainerRestarting",
            f"changes(container_start_time_seconds{{{_ALL}}}[{duration(window)}]) >= {most}",
            (
                "{{ $labels.service }} started {{ $value }} times",
                f"{{{{ $labels.name }}}} does not stay up: {most} starts or more in {duration(window)}.",
            ),
            {started: 1},
            {started: 0},
            hold=0,
        ),
        cases=_starts(started, most, round(window / make.clock.time(60))),
    )
    yield make.event(
        "ContainerOutOfMemory",
        f"container_oom_events_total{{{_ALL}}}",
        (
            "{{ $labels.service }} ran out of memory",
            "The kernel ended a process of {{ $labels.name }}, which had reached its limit.",
        ),
        _one("container_oom_events_total"),
        by="job, service, name",
    )


def _starts(series: str, most: int, window: int) -> tuple[Case, ...]:
    """Cases of a container that starts now and then all through the window; and once too few.

    :param window: in steps.
    """
    gap = max(1, (window - 2) // (most - 1))

    def times(starts: int) -> dict[str, str]:
        runs = (f"{start}+0x{gap - 1}" for start in range(starts))
        return {series: f"{' '.join(runs)} {starts}+0x{window + 1}"}

    last, end = most * gap, most * gap + window + 1
    return (
        Case("fires and resolves", times(most), {0: 0, last - 1: 0, last: 1, end: 0}),
        Case("just below", times(most - 1), {last - gap: 0, last: 0, end: 0}),
    )


def _limits(watched: Watched, make: Maker) -> Iterator[Alert]:
    limits = watched.settings.alert_thresholds
    used = (
        (
            "ContainerMemoryHigh",
            "container_memory_working_set_bytes",
            "container_spec_memory_limit_bytes",
            limits.container_memory_percent,
            "memory",
        ),
        (
            "ContainerThreadsHigh",
            "container_threads",
            "container_threads_max",
            limits.container_threads_percent,
            "threads",
        ),
    )
    for name, metric, limit, percent, what in used:
        yield make.level(
            name,
            # 0 is no limit.
            f"{metric}{{{_ALL}}} / ({limit}{{{_ALL}}} > 0) > {number(percent / 100)}",
            (
                f"{{{{ $labels.service }}}} uses {{{{ $value | humanizePercentage }}}} of its {what}",
                f"{{{{ $labels.name }}}} is near its limit of {what}, beyond which it is ended or stands still.",
            ),
            {_one(metric): percent * 10 + 1},
            {_one(metric): percent * 10},
            hold=600,
            steady={_one(limit): 1000, _one(metric, "worker"): 1000, _one(limit, "worker"): 0},
        )
    window, percent = watched.clock.window(300), limits.container_throttled_percent
    throttled, periods = (
        f"increase({metric}{{{_ALL}}}[{duration(window)}])"
        for metric in ("container_cpu_cfs_throttled_periods_total", "container_cpu_cfs_periods_total")
    )
    some = _one("container_cpu_cfs_throttled_periods_total")
    every = _one("container_cpu_cfs_periods_total")
    yield make.growth(
        "ContainerThrottled",
        f"{throttled} > {number(percent / 100)} * {periods}",
        (
            "{{ $labels.service }} waits for CPU",
            f"{{{{ $labels.name }}}} used up its CPU quota in more than {number(percent)} % of the periods.",
        ),
        {some: percent * 6.1, every: 600},
        {some: percent * 5.9, every: 600},
        window=window,
        hold=900,
        severity="info",
    )
