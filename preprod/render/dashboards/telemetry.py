"""Does telemetry arrive, is any lost, and are its stores well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grafana_foundation_sdk.models import units

from preprod.render.dashboards import stores
from preprod.render.dashboards.panels import RATE, Board, Limits, Panel, Row, lines, number
from preprod.render.rules.promql import matcher
from preprod.render.rules.rule import Watched

_JOB = 'job="alloy"'


def board(watched: Watched, jobs: Iterable[str]) -> Board:
    """Uid ``telemetry``.

    :param jobs: all scrape jobs.
    """
    named = sorted(jobs)
    rows = [Row("Targets", tuple(_targets(named)))]
    if "alloy" in watched.components:
        pushed = not watched.contract.services.keys() & {*named}
        rows.append(Row("Way through Alloy", tuple(_way(watched, pushed))))
    rows += stores.rows(watched)
    return Board("telemetry", "Telemetry", "Does telemetry arrive, and are its stores well?", tuple(rows))


def _targets(jobs: list[str]) -> Iterator[Panel]:
    job = matcher("job", jobs)
    yield number(
        "Targets that answer",
        f"Share of the targets that Prometheus gets metrics from, of {len(jobs)} jobs.",
        (f"avg(up{{{job}}})", ""),
        unit=units.PercentUnit,
        limits=Limits(1, low=True),
    )
    yield lines(
        "Targets",
        "1 while Prometheus gets metrics from a target.",
        (f"min by (job) (up{{{job}}})", "{{job}}"),
        limits=Limits(1, low=True),
    )
    yield lines(
        "Time of a scrape",
        "Time that it takes to get all metrics of a target.",
        (f"max by (job) (scrape_duration_seconds{{{job}}})", "{{job}}"),
        unit=units.Seconds,
    )
    yield lines(
        "Samples of a scrape",
        "How many samples each job brings.",
        (f"sum by (job) (scrape_samples_scraped{{{job}}})", "{{job}}"),
        stacked=True,
    )


def _way(watched: Watched, pushed: bool) -> Iterator[Panel]:
    yield from _through(watched, pushed)
    yield lines(
        "Lost",
        "What is refused, or does not fit into a queue, and will not come again, in a second.",
        ("sum by (stage, signal) (signal:telemetry_lost_items:rate5m)", "{{stage}} {{signal}}"),
        unit=units.CountsPerSecond,
        limits=Limits(0.001),
    )
    yield lines(
        "Fill of the queues",
        "Share of the space for what a store has not taken yet.",
        ("exporter:otelcol_exporter_queue_size:ratio", "{{exporter}} {{data_type}}"),
        unit=units.PercentUnit,
        limits=Limits(watched.settings.alert_thresholds.queue_percent / 100),
    )
    parts = f"sum by (health_type) (alloy_component_controller_running_components{{{_JOB}}})"
    yield lines(
        "Parts of Alloy",
        "Parts of the way by their health.",
        (parts, "{{health_type}}"),
        stacked=True,
    )
    yield lines(
        "Memory of Alloy",
        "Memory that Alloy takes.",
        (f"alloy_resources_process_resident_memory_bytes{{{_JOB}}}", "in use"),
        unit=units.BytesIEC,
    )


def _through(watched: Watched, pushed: bool) -> Iterator[Panel]:
    """What comes in and what goes out, of the signals that take this way."""
    spans, logs = "tempo" in watched.components, "loki" in watched.components
    kinds = [("spans", "spans")] * spans + [("metric_points", "samples")] * pushed
    received = [(f"otelcol_receiver_accepted_{name}_total", told) for name, told in kinds]
    sent = [(f"otelcol_exporter_sent_{name}_total", told) for name, told in kinds]
    if logs:
        received.append(("loki_source_file_read_lines_total", "lines"))
        sent.append(("otelcol_exporter_sent_log_records_total", "lines"))
    texts = (
        ("Received", "What Alloy takes from the app and reads of its containers, in a second.", received),
        ("Sent", "What Alloy hands over to the stores, in a second.", sent),
    )
    for title, description, counters in texts:
        if counters:
            asked = ((f"sum(rate({metric}{{{_JOB}}}[{RATE}]))", told) for metric, told in counters)
            yield lines(title, description, *asked, unit=units.CountsPerSecond)
