"""The stores of telemetry, and what shows and sends it: what comes in, what is kept, what fails."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.models import units

from preprod.observability import SECONDS_PER_DAY
from preprod.render.dashboards.panels import RATE, Limits, Panel, Row, lines
from preprod.render.rules.prometheus import KEPT_LONGER
from preprod.render.rules.rule import Watched
from preprod.render.rules.stores import STALE

_WELL = Limits(1, low=True)


def rows(watched: Watched) -> list[Row]:
    """A heading for each that runs."""
    made = [Row("Prometheus", (*_prometheus(), *_kept(watched), *_rules(watched)))]
    if "alertmanager" in watched.components:
        made.append(Row("Alertmanager", tuple(_alertmanager())))
    if "loki" in watched.components:
        made.append(Row("Loki", (*_loki(), *_loki_trouble(), _requests("loki", "loki_request_duration_seconds"))))
    if "tempo" in watched.components:
        made.append(Row("Tempo", (*_tempo(watched), _tempo_trouble())))
    if "grafana" in watched.components:
        made.append(Row("Grafana", (_requests("grafana", "grafana_http_request_duration_seconds"),)))
    return made


def _rate(metric: str, job: str) -> str:
    return f'sum(rate({metric}{{job="{job}"}}[{RATE}]))'


def _requests(job: str, metric: str) -> Panel:
    return lines(
        f"Requests to {job.capitalize()}",
        f"Requests that {job.capitalize()} answers in a second, by status.",
        (f'sum by (status_code) (rate({metric}_count{{job="{job}"}}[{RATE}]))', "{{status_code}}"),
        unit=units.RequestsPerSecond,
        stacked=True,
    )


def _prometheus() -> Iterator[Panel]:
    job = 'job="prometheus"'
    yield lines(
        "Samples stored",
        "Samples that Prometheus stores in a second.",
        (_rate("prometheus_tsdb_head_samples_appended_total", "prometheus"), "stored"),
        unit=units.CountsPerSecond,
    )
    yield lines(
        "Series",
        "Series that have had samples of late; memory goes by their number.",
        (f"prometheus_tsdb_head_series{{{job}}}", "in memory"),
    )
    yield lines(
        "Configuration of Prometheus",
        "1 while Prometheus runs with the configuration and rules that it was given last.",
        (f"prometheus_config_last_reload_successful{{{job}}}", "in force"),
        limits=_WELL,
    )


def _kept(watched: Watched) -> Iterator[Panel]:
    job, kept = 'job="prometheus"', watched.settings.retention
    longest = (kept.metrics_days * 1.1 + KEPT_LONGER) * SECONDS_PER_DAY
    yield lines(
        "Disk space of Prometheus",
        f"What blocks and the log of writes take; at {kept.metrics_gb:g} GB the oldest blocks go.",
        (f"prometheus_tsdb_storage_blocks_bytes{{{job}}}", "blocks"),
        (f"prometheus_tsdb_wal_storage_size_bytes{{{job}}}", "log of writes"),
        unit=units.BytesSI,
        limits=Limits(kept.metrics_gb * 1e9),
        stacked=True,
    )
    yield lines(
        "Oldest metrics",
        f"How far back metrics go: they are kept for {kept.metrics_days} days.",
        (f"time() - prometheus_tsdb_lowest_timestamp_seconds{{{job}}}", "kept for"),
        unit=units.DurationSeconds,
        limits=Limits(longest),
    )


def _rules(watched: Watched) -> Iterator[Panel]:
    job = 'job="prometheus"'
    yield lines(
        "Rules",
        "Rules that could not be evaluated, and evaluations that were missed, in a quarter of an hour.",
        (f"sum(increase(prometheus_rule_evaluation_failures_total{{{job}}}[15m]))", "failed"),
        (f"sum(increase(prometheus_rule_group_iterations_missed_total{{{job}}}[15m]))", "missed"),
        limits=Limits(1),
    )
    trouble = (
        ("prometheus_tsdb_compactions_failed_total", "compactions failed"),
        ("prometheus_tsdb_reloads_failures_total", "blocks unread"),
        ("prometheus_tsdb_wal_corruptions_total", "log damaged"),
        ("prometheus_target_scrapes_exceeded_sample_limit_total", "targets too large"),
    )
    yield lines(
        "Trouble of Prometheus",
        "What should never happen in the storage of metrics, in a quarter of an hour.",
        *((f"increase({metric}{{{job}}}[15m])", told) for metric, told in trouble),
        limits=Limits(1),
    )
    if "alertmanager" in watched.components:
        lost = (f"sum(increase(prometheus_notifications_{how}_total{{{job}}}[15m]))" for how in ("errors", "dropped"))
        yield lines(
            "Alerts that did not reach Alertmanager",
            "Refused or given up in a quarter of an hour; those that fire on are sent again.",
            *zip(lost, ("refused", "given up"), strict=True),
            limits=Limits(1),
        )


def _alertmanager() -> Iterator[Panel]:
    job = 'job="alertmanager"'
    yield lines(
        "Alerts in Alertmanager",
        "Alerts that Alertmanager knows of: those that it sends, and those that are silenced or muted by others.",
        (f"sum by (state) (alertmanager_alerts{{{job}}})", "{{state}}"),
    )
    yield lines(
        "Alertmanagers that Prometheus knows",
        "Without one, alerts fire and nobody gets to know.",
        ('prometheus_notifications_alertmanagers_discovered{job="prometheus"}', "known"),
        limits=_WELL,
    )
    yield lines(
        "Configuration of Alertmanager",
        "1 while Alertmanager runs with the configuration that it was given last.",
        (f"alertmanager_config_last_reload_successful{{{job}}}", "in force"),
        limits=_WELL,
    )


def _loki() -> Iterator[Panel]:
    job = 'job="loki"'
    yield lines(
        "Lines stored",
        "Log lines that Loki takes in a second.",
        (_rate("loki_distributor_lines_received_total", "loki"), "lines"),
        unit=units.CountsPerSecond,
    )
    yield lines(
        "Bytes of lines stored",
        "Bytes of log lines that Loki takes in a second.",
        (_rate("loki_distributor_bytes_received_total", "loki"), "bytes"),
        unit=units.BytesPerSecondIEC,
    )
    yield lines(
        "Streams",
        "Streams of lines that Loki has in memory; each combination of labels makes one.",
        (f"sum(loki_ingester_memory_streams{{{job}}})", "streams"),
    )


def _loki_trouble() -> Iterator[Panel]:
    job = 'job="loki"'
    ran = f"loki_compactor_apply_retention_last_successful_run_timestamp_seconds{{{job}}}"
    yield lines(
        "Last removal of old lines",
        "Time since Loki last removed what is older than its retention, which is due every ten minutes.",
        (f"time() - ({ran} != 0)", "ago"),
        unit=units.DurationSeconds,
        limits=Limits(STALE),
        empty="not since the start",
    )
    yield lines(
        "Trouble of Loki",
        "Faults of its own, and writes that the disk had no room for, in a quarter of an hour.",
        (f"sum(increase(loki_panic_total{{{job}}}[15m]))", "faults"),
        (f"sum(increase(loki_ingester_wal_disk_full_failures_total{{{job}}}[15m]))", "disk full"),
        limits=Limits(1),
    )


def _tempo(watched: Watched) -> Iterator[Panel]:
    job, days = 'job="tempo"', watched.settings.retention.traces_days
    yield lines(
        "Spans stored",
        "Spans that Tempo takes in a second.",
        (_rate("tempo_distributor_spans_received_total", "tempo"), "spans"),
        unit=units.CountsPerSecond,
    )
    yield lines(
        "Bytes of spans stored",
        "Bytes of spans that Tempo takes in a second.",
        (_rate("tempo_distributor_bytes_received_total", "tempo"), "bytes"),
        unit=units.BytesPerSecondIEC,
    )
    yield lines(
        "Blocks",
        f"Blocks of traces that Tempo keeps, for {days} days.",
        (f"sum(tempodb_blocklist_length{{{job}}})", "blocks"),
    )


def _tempo_trouble() -> Panel:
    failed = (
        ("tempodb_retention_errors_total", "removal of old traces"),
        ("tempodb_compaction_errors_total", "merging of blocks"),
        ("tempodb_blocklist_poll_errors_total", "list of blocks"),
        ("tempo_live_store_local_failed_flushes_total", "writing of blocks"),
    )
    return lines(
        "Trouble of Tempo",
        "What failed in a quarter of an hour; most likely the disk is full.",
        *((f'sum(increase({metric}{{job="tempo"}}[15m]))', told) for metric, told in failed),
        limits=Limits(1),
    )
