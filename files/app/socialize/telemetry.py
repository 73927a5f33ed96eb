"""Telemetry: traces and metrics over OTLP, or metrics to be scraped; nothing at all when neither is set.

What may leave the process is an allow-list: metrics that `signals` declares, with the labels that it
declares, and spans with `SPAN_ATTRIBUTES`, without events, descriptions, trace state or other words.
"""

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import metrics, propagate, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import DropAggregation, ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, SpanContext, Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from socialize.about import VERSION
from socialize.instruments import Metric
from socialize.settings import Settings
from socialize.signals import METRICS, start_counters

SPAN_ATTRIBUTES = frozenset(
    {
        "correlation_id",
        "db.namespace",
        "db.operation.name",
        "db.system.name",
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "messaging.destination.name",
        "messaging.operation.name",
        "messaging.operation.type",
        "messaging.system",
        "network.protocol.version",
        "server.address",
        "server.port",
        "socialize.job.name",
        "url.scheme",
    }
)
"""Every attribute that a span may have. What is not listed is dropped."""

EXPORT_TIMEOUT_SECONDS = 3
"""For one export; also bounds how long the last one may hold up the end of the process."""

# The endpoint of either signal, or of both, in the variables that OpenTelemetry's own exporters read.
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_METRICS_ENDPOINT = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"


class AllowListExporter(SpanExporter):
    """Passes spans on with nothing in them but what is allowed."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_allowed(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


@dataclass(frozen=True)
class Telemetry:
    """What has been started, to be ended once."""

    tracing: bool
    measuring: bool

    def stop(self) -> None:
        """Send what is left."""
        tracers, meters = trace.get_tracer_provider(), metrics.get_meter_provider()
        if isinstance(tracers, TracerProvider):
            tracers.shutdown()
        if isinstance(meters, MeterProvider):
            meters.shutdown(timeout_millis=EXPORT_TIMEOUT_SECONDS * 1000)


def start(service: str, settings: Settings) -> Telemetry:
    """Start what the environment asks for. Before that, and without it, every measurement is dropped at once.

    Args:
        service: `service.name`.
        settings: of the app; where to send to comes from OpenTelemetry's own variables.
    """
    propagate.set_global_textmap(TraceContextTextMapPropagator())  # No baggage: it is text from outside.
    resource = _resource(service, settings)
    tracing = _is_set(_TRACES_ENDPOINT)
    if tracing:
        trace.set_tracer_provider(_tracer_provider(resource, settings.trace_sample_ratio))
    readers = _metric_readers(settings)
    if readers:
        metrics.set_meter_provider(
            MeterProvider(readers, resource, shutdown_on_exit=False, views=list(_views()))
        )
        start_counters(service)
    return Telemetry(tracing, bool(readers))


@contextmanager
def running(service: str, settings: Settings) -> Iterator[Telemetry]:
    """Telemetry around a program: started before it, and what is left is sent after it."""
    telemetry = start(service, settings)
    try:
        yield telemetry
    finally:
        telemetry.stop()


def _is_set(endpoint: str) -> bool:
    return bool(os.environ.get(_ENDPOINT) or os.environ.get(endpoint))


def _resource(service: str, settings: Settings) -> Resource:
    # Not the SDK's detectors: they take over whatever stands in the environment.
    sdk = {k: v for k, v in Resource.create().attributes.items() if k.startswith("telemetry.sdk.")}
    return Resource(
        {
            **sdk,
            "service.name": service,
            "service.version": VERSION,
            "service.instance.id": str(uuid.uuid4()),
            "deployment.environment.name": settings.environment,
        }
    )


def _tracer_provider(resource: Resource, ratio: float) -> TracerProvider:
    sampler = ParentBased(TraceIdRatioBased(ratio))
    provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
    exporter = AllowListExporter(OTLPSpanExporter(timeout=EXPORT_TIMEOUT_SECONDS))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _metric_readers(settings: Settings) -> list[MetricReader]:
    if settings.metrics_transport == "scrape":
        return [_scraped(settings.metrics_port)]
    if _is_set(_METRICS_ENDPOINT):
        return [PeriodicExportingMetricReader(OTLPMetricExporter(timeout=EXPORT_TIMEOUT_SECONDS))]
    return []


def _scraped(port: int) -> MetricReader:
    from opentelemetry.exporter.prometheus import PrometheusMetricReader
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry()  # Not the global one: it has metrics that nobody declared.
    reader = PrometheusMetricReader(scope_info_enabled=False, registry=registry)
    start_http_server(port, registry=registry)
    return reader


def _views() -> Iterator[View]:
    yield View(instrument_name="*", aggregation=DropAggregation())
    yield from map(_view, METRICS)


def _view(metric: Metric) -> View:
    buckets = ExplicitBucketHistogramAggregation(metric.buckets) if metric.buckets else None
    return View(instrument_name=metric.name, attribute_keys=set(metric.labels), aggregation=buckets)


def _allowed(span: ReadableSpan) -> ReadableSpan:
    given = span.attributes or {}
    return ReadableSpan(
        name=span.name,
        context=_bare(span.context),
        parent=_bare(span.parent),
        resource=span.resource,
        attributes={name: value for name, value in given.items() if name in SPAN_ATTRIBUTES},
        links=[Link(context) for link in span.links if (context := _bare(link.context))],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _bare(context: SpanContext | None) -> SpanContext | None:
    """The context without its trace state, which is text that a client may have written."""
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
