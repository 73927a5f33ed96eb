"""Do the containers run, and have they enough."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.models import units

from preprod.paths import PROJECT
from preprod.render.dashboards.panels import RATE, Board, Limits, Panel, Row, Variable, lines, number, table
from preprod.render.rules.containers import JOB
from preprod.render.rules.rule import Watched

_OURS = f'job="{JOB}",project="{PROJECT}"'
_SHOWN = f'{_OURS},service=~"$service"'
_NAME = "{{name}}"


def board(watched: Watched) -> Board | None:
    """Uid ``containers``; none without engine-proxy."""
    if JOB not in watched.components:
        return None
    service = Variable("service", "Service", "prometheus", f"label_values(container_running{{{_OURS}}}, service)")
    rows = (
        Row("Do they run", (*_figures(watched), *_state())),
        Row("Processors and memory", (*_processors(watched), *_limits(watched))),
        Row("Network and disk", tuple(_traffic())),
        Row("Docker engine", tuple(_engine())),
    )
    return Board("containers", "Containers", "Do the containers run, and have they enough?", rows, (service,))


def _figures(watched: Watched) -> Iterator[Panel]:
    declared = len(watched.components)
    yield number(
        "Services that run",
        f"Services of this deployment with a running container: {declared} are declared.",
        (f"count(count by (service) (container_running{{{_OURS}}} == 1))", ""),
        limits=Limits(declared, low=True),
    )
    sick = f'container_health_status{{{_OURS},status="unhealthy"}}'
    yield number(
        "Unhealthy",
        "Containers whose health check fails.",
        (f"sum({sick})", ""),
        limits=Limits(1),
    )
    yield number(
        "Ended for want of memory",
        "How often, in a day, the kernel ended a process of a container at its limit of memory.",
        (f"round(sum(increase(container_oom_events_total{{{_OURS}}}[1d])))", ""),
        limits=Limits(1),
    )


def _state() -> Iterator[Panel]:
    yield table(
        "Last started",
        "When each container was last started.",
        f"max by (service, name) (container_start_time_seconds{{{_SHOWN}}}) * 1000",
        unit=units.DateTimeFromNow,
    )
    yield lines(
        "Starts in a quarter of an hour",
        "How often a container was started anew.",
        (f"changes(container_start_time_seconds{{{_SHOWN}}}[15m])", _NAME),
    )
    yield lines(
        "Restarts by the engine",
        "Restarts in an hour of containers that ended by themselves.",
        (f"increase(container_restarts_total{{{_SHOWN}}}[1h])", _NAME),
        limits=Limits(1),
    )


def _processors(watched: Watched) -> Iterator[Panel]:
    yield lines(
        "CPU",
        "Cores that each container uses.",
        (f"rate(container_cpu_usage_seconds_total{{{_SHOWN}}}[{RATE}])", _NAME),
        stacked=True,
    )
    throttled, periods = (
        f"rate(container_cpu_cfs_{name}_total{{{_SHOWN}}}[{RATE}])" for name in ("throttled_periods", "periods")
    )
    yield lines(
        "Waiting for CPU",
        "Share of the periods with work in which the quota of processor time was used up.",
        (f"{throttled} / ({periods} > 0)", _NAME),
        unit=units.PercentUnit,
        limits=Limits(watched.settings.alert_thresholds.container_throttled_percent / 100),
        empty="no quota",
    )


def _limits(watched: Watched) -> Iterator[Panel]:
    limits = watched.settings.alert_thresholds
    yield lines(
        "Memory",
        "Memory that each container uses and that cannot be had back at once.",
        (f"container_memory_working_set_bytes{{{_SHOWN}}}", _NAME),
        unit=units.BytesIEC,
        stacked=True,
    )
    kinds = (
        ("Memory", "memory_working_set_bytes", "spec_memory_limit_bytes", limits.container_memory_percent),
        ("Threads", "threads", "threads_max", limits.container_threads_percent),
    )
    for what, used, most, percent in kinds:
        yield lines(
            f"{what}, of the limit",
            f"Share of each container's limit of {what.lower()}, at which it is ended or stands still.",
            (f"container_{used}{{{_SHOWN}}} / (container_{most}{{{_SHOWN}}} > 0)", _NAME),
            unit=units.PercentUnit,
            limits=Limits(percent / 100),
        )


def _traffic() -> Iterator[Panel]:
    for direction, what in (("receive", "Received"), ("transmit", "Sent")):
        yield lines(
            what,
            f"Bytes {what.lower()} in a second.",
            (f"rate(container_network_{direction}_bytes_total{{{_SHOWN}}}[{RATE}])", _NAME),
            unit=units.BytesPerSecondIEC,
        )
    for direction in ("reads", "writes"):
        yield lines(
            f"Disk {direction}",
            f"Bytes of a container's {direction} that reach a block device, in a second.",
            (f"rate(container_fs_{direction}_bytes_total{{{_SHOWN}}}[{RATE}])", _NAME),
            unit=units.BytesPerSecondIEC,
            empty="none yet",
        )


def _engine() -> Iterator[Panel]:
    yield lines(
        "Engine answers",
        "1 while the Docker engine answers.",
        (f'engine_up{{job="{JOB}"}}', "engine"),
        limits=Limits(1, low=True),
    )
    yield lines(
        "Containers by state",
        "All containers that the engine has, those of others among them.",
        (f'engine_containers{{job="{JOB}"}}', "{{state}}"),
        stacked=True,
    )
    yield lines(
        "Containers that cannot be read",
        "Containers that the engine did not tell all about.",
        (f'engine_unreadable_containers{{job="{JOB}"}}', "unreadable"),
        limits=Limits(1),
    )
    yield lines(
        "Requests to the Docker API",
        "Requests to the proxy in a second: whatever changes something is refused.",
        (f'sum by (outcome) (rate(engine_proxy_requests_total{{job="{JOB}"}}[{RATE}]))', "{{outcome}}"),
        unit=units.RequestsPerSecond,
    )
