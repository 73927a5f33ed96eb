"""What leaves the process, by OpenTelemetry's SDK; imported only when something is to leave it.

It is an allow-list: metrics that `signals` declares, with the labels that it declares, and spans with
`SPAN_ATTRIBUTES`, without events, descriptions, trace state or other words.
"""

import uuid
from collections.abc import Iterator, Sequence

from opentelemetry import metrics, trace
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

from socialize.about import VERSION
from socialize.instruments import Metric
from socialize.settings import Settings
from socialize.signals import METRICS

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


def resource(service: str, settings: Settings) -> Resource:
    """Who sends: the program, its version and environment, and this very process."""
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


def trace_to_otlp(service_resource: Resource, ratio: float) -> TracerProvider:
    """Send the spans of this process to the OTLP endpoint from now on.

    Args:
        service_resource: who sends.
        ratio: share of the traces that are kept, where the caller has not decided.
    """
    sampler = ParentBased(TraceIdRatioBased(ratio))
    provider = TracerProvider(sampler=sampler, resource=service_resource, shutdown_on_exit=False)
    exporter = AllowListExporter(OTLPSpanExporter(timeout=EXPORT_TIMEOUT_SECONDS))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


def measure(service_resource: Resource, reader: MetricReader) -> MeterProvider:
    """Let the reader read the metrics of this process from now on."""
    views = list(_views())
    provider = MeterProvider([reader], service_resource, shutdown_on_exit=False, views=views)
    metrics.set_meter_provider(provider)
    return provider


def otlp_reader() -> MetricReader:
    """Reads now and then and sends to the OTLP endpoint."""
    return PeriodicExportingMetricReader(OTLPMetricExporter(timeout=EXPORT_TIMEOUT_SECONDS))


def scrape_reader(port: int) -> MetricReader:
    """Reads when Prometheus asks, at ``/metrics`` on the port, on all addresses."""
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
