"""What Prometheus records: hourly aggregates, and losses between the app and the stores.

Recorded series are named ``level:metric:operations``
(https://prometheus.io/docs/practices/rules/#naming).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from preprod.contract import Contract
from preprod.contract.names import label_name
from preprod.contract.signals import HTTP_DURATION, signals
from preprod.observability import ComponentName
from preprod.render.observability.view import View
from preprod.render.rules.promql import selector, series

HOURLY = "hourly:.+"
"""Regular expression of the series that are kept for long."""

_LOSS = 300
"""Seconds over which a loss is told; five minutes, as the name of its series says."""

_BY_THE_COLLECTOR = {
    "received": "otelcol_receiver_refused",
    "queued": "otelcol_exporter_enqueue_failed",
    "sent": "otelcol_exporter_send_failed",
}
"""Stage -> beginning of what OpenTelemetry's collector counts there, and so Alloy."""

_BY_THE_STORES: tuple[tuple[tuple[ComponentName, ...], str, str], ...] = (
    (("loki",), "log_records", "loki_discarded_samples_total"),
    (("tempo",), "spans", "tempo_discarded_spans_total"),
    (("prometheus", "longterm"), "metric_points", "prometheus_tsdb_too_old_samples_total"),
)
"""Stores, signal, and what they count."""


@dataclass(frozen=True)
class Rule:
    """A recording rule."""

    record: str
    metric: str
    """What it is made of."""
    expr: str
    labels: tuple[str, ...] = ()
    """Labels that it keeps."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Labels that it adds."""
    job: str = ""
    """One that has this metric; empty where it may be any."""


def hourly(contract: Contract) -> list[Rule]:
    """The increase in an hour of what tells use (the counters of that kind) and answers (HTTP), over all processes.

    An hour here ends at the same minute past each hour, which Prometheus chooses. If it does not run at that minute,
    that hour is missing; what arrives later than that is not in it.
    """
    return list(_hourly(contract))


def _hourly(contract: Contract) -> Iterator[Rule]:
    for signal in signals(contract):
        if signal.name == HTTP_DURATION:
            route = ("job", "http_request_method", "http_route")
            bucket, total, count = signal.exposed
            yield _increase(bucket, (*route, "le"))
            yield _increase(total, route)
            yield _increase(count, (*route, "http_response_status_code"))
        elif signal.kind == "usage":
            for metric in signal.exposed:
                yield _increase(metric, ("job", *map(label_name, signal.labels)))


def _increase(metric: str, labels: tuple[str, ...]) -> Rule:
    expr = f"sum by ({', '.join(labels)}) (increase({metric}[1h]))"
    return Rule(f"hourly:{metric.removesuffix('_total')}:increase", metric, expr, labels)


def pipeline(view: View) -> list[Rule]:
    """What got lost on the way, by stage (`received`, `queued`, `sent`, `stored`) and signal; nothing without Alloy."""
    return list(_pipeline(view)) if view.has("alloy") else []


def _pipeline(view: View) -> Iterator[Rule]:
    ways = {
        "spans": view.has("tempo"),
        "metric_points": view.prometheus_takes_otlp and not view.app_is_scraped,
        "log_records": view.has("loki"),
    }
    for signal in (signal for signal, used in ways.items() if used):
        for stage, counter in _BY_THE_COLLECTOR.items():
            # Lines are read from files: there is no receiver that could refuse them.
            if (stage, signal) != ("received", "log_records"):
                yield _lost(["alloy"], stage, signal, f"{counter}_{signal}_total")
    for stores, signal, counter in _BY_THE_STORES:
        if running := [store for store in stores if view.has(store)]:
            yield _lost(running, "stored", signal, counter)
    size, capacity = (series(f"otelcol_exporter_queue_{what}", {"job": "alloy"}) for what in ("size", "capacity"))
    labels = ("job", "exporter", "data_type")
    expr = f"max by ({', '.join(labels)}) ({size} / {capacity})"
    yield Rule("exporter:otelcol_exporter_queue_size:ratio", "otelcol_exporter_queue_size", expr, labels)


def _lost(jobs: Sequence[str], stage: str, signal: str, counter: str) -> Rule:
    marks = {"stage": stage, "signal": signal, "counter": counter}
    counted, up, started = (selector(metric, jobs) for metric in (counter, "up", "process_start_time_seconds"))
    # Most of them are there from the first loss on, with what was lost, so that nothing grows: what is new counts
    # whole. But whoever was not asked five minutes ago may have it from long ago, unless the process is younger.
    watched = f"{up} offset 5m == 1 or {started} > time() - {_LOSS}"
    first = f"({counted} unless {counted} offset 5m) and on (instance) ({watched})"
    expr = f"sum by (job) (({first}) / {_LOSS} or rate({counted}[5m]))"
    return Rule("signal:telemetry_lost_items:rate5m", counter, expr, ("job",), marks, jobs[0])
