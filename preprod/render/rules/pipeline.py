"""The way of telemetry through Alloy: what got lost, what waits, and Alloy itself."""

from __future__ import annotations

from collections.abc import Iterator

from preprod.render.rules.promql import series
from preprod.render.rules.rule import Alert, Watched, number
from preprod.render.rules.simple import Maker

JOB = "alloy"


def rules(watched: Watched) -> list[Alert]:
    """Nothing without Alloy. Losses and queues are series that `preprod.render.observability.rules` records."""
    return list(_rules(watched)) if JOB in watched.components else []


def _rules(watched: Watched) -> Iterator[Alert]:
    make = Maker(watched.clock, "alloy", "telemetry")
    lost = series("signal:telemetry_lost_items:rate5m", {"job": "alloy", "stage": "sent", "signal": "spans"})
    yield make.level(
        "TelemetryLost",
        "sum by (stage, signal) (signal:telemetry_lost_items:rate5m) > 0",
        (
            "{{ $value | humanize }} {{ $labels.signal }} a second are lost",
            "At the stage {{ $labels.stage }} between the app and the stores {{ $labels.signal }} are refused, or do "
            "not fit into a queue: they will not come again.",
        ),
        {lost: 0.01},
        {lost: 0},
        hold=120,
    )
    percent = watched.settings.alert_thresholds.queue_percent
    queue = series(
        "exporter:otelcol_exporter_queue_size:ratio", {"job": "alloy", "exporter": "tempo", "data_type": "traces"}
    )
    yield make.level(
        "TelemetryQueueFilling",
        f"exporter:otelcol_exporter_queue_size:ratio > {number(percent / 100)}",
        (
            "The queue of {{ $labels.exporter }} is {{ $value | humanizePercentage }} full",
            "A store is down or slow. What does not fit into the queue is lost.",
        ),
        {queue: percent / 100 + 0.01},
        {queue: percent / 100},
        hold=300,
    )
    yield from _itself(make)


def _itself(make: Maker) -> Iterator[Alert]:
    loaded = series("alloy_config_last_load_successful", {"job": JOB})
    yield make.level(
        "AlloyConfigBad",
        f"{loaded} == 0",
        ("Alloy refused its configuration", "It goes on with what it had before, and does not survive a restart."),
        {loaded: 0},
        {loaded: 1},
        hold=300,
    )
    sick = series("alloy_component_controller_running_components", {"job": JOB, "health_type": "unhealthy"})
    well = series("alloy_component_controller_running_components", {"job": JOB, "health_type": "healthy"})
    yield make.level(
        "AlloyComponentsUnhealthy",
        f'sum by (job) (alloy_component_controller_running_components{{job="{JOB}",health_type!="healthy"}}) > 0',
        ("{{ $value }} parts of Alloy do not work", "A part of the way of telemetry stands still."),
        {sick: 1},
        {sick: 0},
        hold=300,
        steady={well: 20},
    )
