"""What Prometheus records: hourly aggregates, and losses between the app and the stores.

Recorded series are named ``level:metric:operations``
(https://prometheus.io/docs/practices/rules/#naming).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from preprod.contract import Contract
from preprod.contract.names import label_name
from preprod.contract.signals import HTTP_DURATION, signals
from preprod.observability import ComponentName
from preprod.render.observability.view import View

HOURLY = "hourly:.+"
"""Regular expression of the series that are kept for long."""

_SIGNALS = ("spans", "metric_points", "log_records")
"""What OpenTelemetry's collector counts, and so Alloy."""

_COUNTED_ONCE: tuple[tuple[ComponentName, str, str, str], ...] = (
    ("loki", "stored", "log_records", "loki_discarded_samples_total"),
    ("loki", "sent", "log_records", "loki_write_dropped_entries_total"),
    ("tempo", "stored", "spans", "tempo_discarded_spans_total"),
    ("prometheus", "stored", "metric_points", "prometheus_tsdb_too_old_samples_total"),
)
"""Store, stage, signal and counter, where it is no counter of the collector."""


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
    counters = {
        "received": "otelcol_receiver_refused",
        "queued": "otelcol_exporter_enqueue_failed",
        "sent": "otelcol_exporter_send_failed",
    }
    for stage, counter in counters.items():
        for signal in _SIGNALS:
            yield _lost(stage, signal, f"{counter}_{signal}_total")
    for store, stage, signal, counter in _COUNTED_ONCE:
        if view.has(store):
            yield _lost(stage, signal, counter)
    size = "otelcol_exporter_queue_size"
    labels = ("job", "exporter", "data_type")
    by = ", ".join(labels)
    expr = f"max by ({by}) ({size} / otelcol_exporter_queue_capacity)"
    yield Rule("exporter:otelcol_exporter_queue_size:ratio", size, expr, labels)


def _lost(stage: str, signal: str, counter: str) -> Rule:
    marks = {"stage": stage, "signal": signal, "counter": counter}
    return Rule("signal:telemetry_lost_items:rate5m", counter, f"sum by (job) (rate({counter}[5m]))", ("job",), marks)
