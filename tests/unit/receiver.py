"""An OTLP/HTTP receiver in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

Attributes = dict[str, Any]


@dataclass
class Received:
    """What came in, in its order: pairs of resource attributes and metric or span."""

    endpoint: str = ""
    metrics: list[tuple[Attributes, Any]] = field(default_factory=list)
    spans: list[tuple[Attributes, Any]] = field(default_factory=list)

    def take(self, path: str, body: bytes) -> None:
        if path == "/v1/metrics":
            for of in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                scopes = of.scope_metrics
                self.metrics += [
                    (plain(of.resource.attributes), metric) for scope in scopes for metric in scope.metrics
                ]
        elif path == "/v1/traces":
            for of in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.spans += [
                    (plain(of.resource.attributes), span) for scope in of.scope_spans for span in scope.spans
                ]
        else:
            raise AssertionError(f"nothing is received at {path}")


def plain(attributes: Any) -> Attributes:
    """OTLP's key-value pairs as a dictionary."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}


def points(metric: Any) -> list[Any]:
    """The data points of a metric."""
    return list(getattr(metric, metric.WhichOneof("data")).data_points)


@contextmanager
def receiver() -> Iterator[Received]:
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: what counts is what was received."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield received
        server.shutdown()
        thread.join()
