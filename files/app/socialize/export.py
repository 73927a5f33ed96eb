"""What leaves the process, by OpenTelemetry's SDK; imported only when something is to leave it.

It is an allow-list: metrics that `signals` declares, with the labels that it declares, and spans with
`otlp.SPAN_ATTRIBUTES`, without events, descriptions, trace state or other words.
"""

import uuid
from collections.abc import Iterator

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import DropAggregation, ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased

from socialize.about import VERSION
from socialize.instruments import Metric
from socialize.otlp import Delivery, MetricExporter, SpanExporter, SpanQueue
from socialize.settings import Settings
from socialize.signals import METRICS


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


def trace_to_otlp(service_resource: Resource, ratio: float, delivery: Delivery) -> TracerProvider:
    """Send the spans of this process to the OTLP endpoint from now on.

    Args:
        service_resource: who sends.
        ratio: share of the traces that are kept, where the caller has not decided.
        delivery: told what becomes of them.
    """
    sampler = ParentBased(TraceIdRatioBased(ratio))
    provider = TracerProvider(sampler=sampler, resource=service_resource, shutdown_on_exit=False)
    provider.add_span_processor(SpanQueue(SpanExporter(delivery)))
    trace.set_tracer_provider(provider)
    return provider


def trace_to_nowhere(service_resource: Resource) -> None:
    """Give requests and jobs trace ids for their log lines, and keep no span."""
    trace.set_tracer_provider(TracerProvider(ALWAYS_OFF, service_resource, shutdown_on_exit=False))


def measure(service_resource: Resource, reader: MetricReader) -> MeterProvider:
    """Let the reader read the metrics of this process from now on."""
    views = list(_views())
    provider = MeterProvider([reader], service_resource, shutdown_on_exit=False, views=views)
    metrics.set_meter_provider(provider)
    return provider


def otlp_reader(delivery: Delivery) -> MetricReader:
    """Reads now and then and sends to the OTLP endpoint."""
    return PeriodicExportingMetricReader(MetricExporter(delivery))


def scrape_reader(port: int) -> MetricReader:
    """Reads when Prometheus asks, at ``/metrics`` on the port, on all addresses.

    Without exemplars, in the OpenMetrics format, too: the SDK's exporter drops them (version 0.66b2). Whoever
    wants them has the metrics pushed.
    """
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
