"""Sending over OTLP/HTTP: an allow-list of what may leave, and two log lines about an outage.

The exporters' own log lines are switched off: they come with every failed export, and may show addresses.
"""

import logging
import os
import threading
from collections.abc import Sequence
from typing import Any, Literal

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._shared_internal._processor_metrics import NoOpProcessorMetrics
from opentelemetry.sdk.environment_variables import OTEL_BSP_MAX_QUEUE_SIZE
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Link, SpanContext, Status

from socialize.signals import METRIC_EXPORT_FAILURES, SPANS_LOST

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
"""For one export, with its repetitions."""

PAUSE_SECONDS = 2.0
"""Between two exports of the same spans."""

QUEUE_SIZE = 8192
"""Spans that wait while the receiver is away, unless `OTEL_BSP_MAX_QUEUE_SIZE` says otherwise: forty seconds
of fifty requests a second with four spans each. They take 26 MB (measured); beyond them the oldest are lost.
"""

_log = logging.getLogger(__name__)
Signal = Literal["traces", "metrics"]


class Delivery:
    """Whether telemetry arrives: one line when some ceases to, and one when all does again."""

    def __init__(self) -> None:
        self._failing: set[Signal] = set()
        self._lock = threading.Lock()  # Each signal is sent by a thread of its own.
        logging.getLogger("opentelemetry.exporter.otlp").setLevel(logging.CRITICAL + 1)
        # It says that spans are dropped, which goes without saying while none can be sent.
        logging.getLogger("opentelemetry.sdk._shared_internal").addFilter(lambda _: not self._failing)

    def tell(self, signal: Signal, failure: str | None) -> None:
        """Take note of an export.

        Args:
            signal: what was to be sent.
            failure: the `error_type` of its failure; None when it has arrived.
        """
        with self._lock:
            before = bool(self._failing)
            if failure:
                self._failing.add(signal)
            else:
                self._failing.discard(signal)
            after = bool(self._failing)
        if after and not before:
            _log.warning("telemetry does not arrive", extra={"error_type": failure})
        elif before and not after:
            _log.warning("telemetry arrives again")


class Wire(requests.Session):
    """A session that knows why its last request failed: exporters tell only that they have."""

    failure: str | None = None
    may_pass: bool = False
    """Whether the same request may arrive later."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        self.failure, self.may_pass = "_OTHER", True
        try:
            response = super().send(request, **kwargs)
        except requests.RequestException as error:
            self.failure = next((name for kind, name in _FAILURES if isinstance(error, kind)), "_OTHER")
            raise
        status = response.status_code
        self.failure = "server_error" if status >= 500 else "client_error" if status >= 400 else None
        self.may_pass = status in _PASSING
        return response

    def forget(self) -> None:
        """Before an export, which may fail before it sends anything."""
        self.failure, self.may_pass = None, False


# Asked in this order: the first two are kinds of the third, too.
_FAILURES: tuple[tuple[type[Exception], str], ...] = (
    (requests.Timeout, "timeout"),
    (requests.exceptions.SSLError, "tls"),
    (requests.ConnectionError, "connection"),
)
_PASSING = (429, 502, 503, 504)
"""https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes"""


class SpanExporter(OTLPSpanExporter):
    """Sends spans with nothing in them but what is allowed, and tries until they have arrived."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery, self._wire, self._ending = delivery, Wire(), threading.Event()
        super().__init__(timeout=EXPORT_TIMEOUT_SECONDS, session=self._wire)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        allowed = [_allowed(span) for span in spans]
        while (result := self._once(allowed)) is not SpanExportResult.SUCCESS:
            if not self._wire.may_pass:
                SPANS_LOST.add(self._wire.failure or "_OTHER", amount=len(spans))
                break
            if self._ending.wait(PAUSE_SECONDS):
                break
        return result

    def _once(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._wire.forget()
        result = super().export(spans)
        arrived = result is SpanExportResult.SUCCESS
        self._delivery.tell("traces", None if arrived else self._wire.failure or "_OTHER")
        return result

    def hurry(self) -> None:
        """From now on every export is tried but once."""
        self._ending.set()


class SpanQueue(BatchSpanProcessor):
    """Spans that wait until they are sent; what it has no room for is counted.

    The SDK would count that, too, with `OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED`: not from zero, with the
    address of the receiver as a label, and an export that is answered with 503 as one that succeeded (1.45).
    """

    def __init__(self, exporter: SpanExporter) -> None:
        super().__init__(exporter, int(os.environ.get(OTEL_BSP_MAX_QUEUE_SIZE, QUEUE_SIZE)))
        self._exporter = exporter
        self._batch_processor._metrics = _Dropped()

    def shutdown(self) -> None:
        self._exporter.hurry()
        super().shutdown()  # type: ignore[no-untyped-call]


class _Dropped(NoOpProcessorMetrics):
    """Told by the queue what becomes of spans."""

    def drop_items(self, count: int, error_type: str = "queue_full") -> None:
        SPANS_LOST.add(error_type, amount=count)


class MetricExporter(OTLPMetricExporter):
    """Sends metrics, once: they are sums, so that the next export has all that a lost one had."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery, self._wire = delivery, Wire()
        super().__init__(timeout=EXPORT_TIMEOUT_SECONDS, session=self._wire)

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        self._wire.forget()
        result = super().export(metrics_data, timeout_millis, **kwargs)
        arrived = result is MetricExportResult.SUCCESS
        failure = None if arrived else self._wire.failure or "_OTHER"
        if failure:
            METRIC_EXPORT_FAILURES.add(failure)
        self._delivery.tell("metrics", failure)
        return result


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
