"""Metrics that are sent by OTLP, for a Prometheus that can only fetch (Debian's): what arrived last is what it gets."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from preprod.contract.names import Instrument, label_name, prometheus_name

FORGOTTEN = 5.0
"""Seconds after which a process that sends no more is not told of any more."""

Labels = Mapping[str, str]


class Bridge:
    """What each process sent last."""

    def __init__(self) -> None:
        self.port = 0
        self._sent: dict[tuple[str, str], tuple[float, list[str]]] = {}
        self._lock = threading.Lock()

    def take(self, body: bytes) -> None:
        for of in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            resource = _plain(of.resource.attributes)
            process = {"job": resource["service.name"], "instance": resource["service.instance.id"]}
            lines = [_line("target_info", process, 1)]
            lines += [line for scope in of.scope_metrics for one in scope.metrics for line in _metric(one, process)]
            with self._lock:
                self._sent[process["job"], process["instance"]] = (time.monotonic(), lines)

    @property
    def exposition(self) -> str:
        """In Prometheus' text format."""
        newest = time.monotonic() - FORGOTTEN
        with self._lock:
            return "".join(line for at, lines in self._sent.values() if at > newest for line in lines)


@contextmanager
def bridge() -> Iterator[Bridge]:
    """Listens on a port of the loopback address, for what sends and for what fetches."""
    made = Bridge()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.take(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer("")

        def do_GET(self) -> None:
            self._answer(made.exposition)

        def _answer(self, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Nothing: what counts is what arrived."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def _metric(metric: Any, process: Labels) -> Iterator[str]:
    kinds: Mapping[str, Instrument] = {"sum": "counter", "gauge": "gauge", "histogram": "histogram"}
    kind = metric.WhichOneof("data")
    name = prometheus_name(metric.name, metric.unit, kinds[kind])
    for point in getattr(metric, kind).data_points:
        labels = {**{label_name(key): value for key, value in _plain(point.attributes).items()}, **process}
        if kind == "histogram":
            yield from _histogram(name, labels, point)
        else:
            yield _line(name, labels, point.as_double or point.as_int)


def _histogram(name: str, labels: Labels, point: Any) -> Iterator[str]:
    bounds = [*map(_number, point.explicit_bounds), "+Inf"]
    for bound, count in zip(bounds, accumulate(point.bucket_counts), strict=True):
        yield _line(f"{name}_bucket", {**labels, "le": bound}, count)
    yield _line(f"{name}_sum", labels, point.sum)
    yield _line(f"{name}_count", labels, point.count)


def _number(bound: float) -> str:
    return f"{bound:g}"


def _line(name: str, labels: Labels, value: float) -> str:
    return f"{name}{{{','.join(f'{label}={json.dumps(text)}' for label, text in labels.items())}}} {value}\n"


def _plain(attributes: Any) -> dict[str, str]:
    """OTLP's key-value pairs, values as labels have them."""
    return {pair.key: str(getattr(pair.value, pair.value.WhichOneof("value"))) for pair in attributes}
