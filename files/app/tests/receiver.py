"""An OTLP/HTTP receiver in memory: what the app sends is decoded with OpenTelemetry's messages and kept."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Exemplar, Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
ERROR = 2


def values(attributes: Any) -> dict[str, Any]:
    """Key-value pairs of a message as a dictionary."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}


@dataclass(frozen=True)
class Received:
    """A span or metric, and the resource that sent it."""

    resource: dict[str, Any]
    message: Any

    @property
    def service(self) -> str:
        return str(self.resource["service.name"])


class Receiver:
    """What has arrived so far."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self.status = 200
        self.paths: list[str] = []
        """Of every request, refused ones too."""
        self.raw: list[bytes] = []
        self._lock = threading.Lock()
        self._spans: list[Received] = []
        self._metrics: list[Received] = []

    @property
    def env(self) -> dict[str, str]:
        """For a program that sends here, at once."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint,
            "OTEL_METRIC_EXPORT_INTERVAL": "300",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }

    def spans(self, service: str | None = None) -> list[Span]:
        with self._lock:
            return [entry.message for entry in self._spans if service in (None, entry.service)]

    def resources(self) -> list[dict[str, Any]]:
        with self._lock:
            return [entry.resource for entry in self._spans + self._metrics]

    def metrics(self, service: str) -> dict[str, Metric]:
        """The newest state of every metric of a service, by name."""
        with self._lock:
            return {entry.message.name: entry.message for entry in self._metrics if entry.service == service}

    def exemplars(self, service: str, name: str) -> list[Exemplar]:
        """All that ever came with a metric: each is sent once."""
        with self._lock:
            sent = [e.message for e in self._metrics if (e.service, e.message.name) == (service, name)]
        return [exemplar for metric in sent for point in points(metric) for exemplar in point.exemplars]

    def value(self, service: str, name: str, **labels: str) -> float | None:
        """The newest value of a counter or gauge; "." in labels is written "__"."""
        wanted = {label.replace("__", "."): value for label, value in labels.items()}
        for point in points(self.metrics(service).get(name)):
            if wanted.items() <= values(point.attributes).items():
                return float(point.as_int if point.HasField("as_int") else point.as_double)
        return None

    def take(self, path: str, body: bytes) -> None:
        with self._lock:
            self.raw.append(body)
            if path.endswith("/v1/traces"):
                for sent in ExportTraceServiceRequest.FromString(body).resource_spans:
                    resource = values(sent.resource.attributes)
                    for scope in sent.scope_spans:
                        self._spans += [Received(resource, span) for span in scope.spans]
            elif path.endswith("/v1/metrics"):
                for measured in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                    resource = values(measured.resource.attributes)
                    for group in measured.scope_metrics:
                        self._metrics += [Received(resource, metric) for metric in group.metrics]
            else:
                raise AssertionError(f"nothing is to be sent to {path}")


def points(metric: Metric | None) -> list[Any]:
    """The data points of a metric, of whatever kind it is."""
    kind = metric.WhichOneof("data") if metric else None
    return list(getattr(metric, kind).data_points) if kind else []


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A receiver that listens, by default on a port that was free."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers.get("Content-Encoding") == "gzip"
            receiver.paths.append(self.path)
            if receiver.status == 200:
                receiver.take(self.path, gzip.decompress(body) if packed else body)
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        receiver = Receiver(server.server_port)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()
