"""Signals of the HTTP server: one span and one measurement per request.

By the stable conventions of OpenTelemetry 1.44. FastAPI's own telemetry is off: it labels metrics with the
Host header and with classes of exceptions, which are not bounded, and it puts paths and queries on spans.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind
from starlette.datastructures import Headers
from starlette.types import Scope

from socialize import tracing
from socialize.logs import correlation_id
from socialize.signals import ACTIVE_REQUESTS, HTTP_METHODS, REQUEST_DURATION

CLIENT_CLOSED_REQUEST = 499
UNOBSERVED = frozenset({"/health", "/health/live", "/health/ready", "/api/openapi.json"})
"""Paths without any signal: they are asked every few seconds and would hide the users' requests."""

_tracer = trace.get_tracer("socialize")


def method_of(scope: Scope) -> str:
    """The method, or _OTHER: beyond the standard ones it is text from the client."""
    return scope["method"] if scope["method"] in HTTP_METHODS else "_OTHER"


def route_of(scope: Scope) -> str | None:
    """The route template that the request has matched, in the end; None when not by method, too."""
    route = scope.get("route")
    path: str | None = route.path if route and scope["method"] in route.methods else None
    return path


@contextmanager
def observed(scope: Scope, status: Callable[[], int]) -> Iterator[None]:
    """A span and a measurement around the handling of a request.

    Args:
        scope: of the request.
        status: gives the status of the answer, once the block has ended.
    """
    if scope["path"] in UNOBSERVED:
        yield
        return
    method = method_of(scope)
    started = time.perf_counter()
    active = {"http.request.method": method, "url.scheme": scope["scheme"]}
    ACTIVE_REQUESTS.add(1, active)
    with _server_span(scope, method) as span:
        try:
            yield
        finally:
            ACTIVE_REQUESTS.add(-1, active)
            labels = active | _outcome(scope, status())
            REQUEST_DURATION.record(time.perf_counter() - started, labels)
            _finish(span, method, labels)


@contextmanager
def _server_span(scope: Scope, method: str) -> Iterator[Span]:
    with _tracer.start_as_current_span(
        "HTTP" if method == "_OTHER" else method,
        context=propagate.extract(dict(Headers(scope=scope))),
        kind=SpanKind.SERVER,
        attributes={"correlation_id": correlation_id.get()},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span


def _outcome(scope: Scope, status: int) -> dict[str, str | int]:
    labels: dict[str, str | int] = {
        "http.response.status_code": status,
        "network.protocol.version": scope["http_version"],
    }
    if route := route_of(scope):
        labels["http.route"] = route
    if status >= 500:
        labels["error.type"] = str(status)
    return labels


def _finish(span: Span, method: str, labels: dict[str, str | int]) -> None:
    span.set_attributes(labels)
    if route := labels.get("http.route"):
        span.update_name(f"{'HTTP' if method == '_OTHER' else method} {route}")
    if error := labels.get("error.type"):
        tracing.failed(span, str(error))
