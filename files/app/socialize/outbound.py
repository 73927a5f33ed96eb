"""Signals of outbound HTTP: a client span, and a count of failures, per try."""

import threading
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.trace import Span, SpanKind

from socialize import tracing
from socialize.signals import OUTBOUND_HTTP_FAILURES

BLOB_STORE = "blob_store"
_PORTS = {"http": 80, "https": 443}


class ClientSignals:
    """Watches the requests of a boto client; its events of one request all come in one thread."""

    def __init__(self, client: Any) -> None:
        self._local = threading.local()
        client.meta.events.register("before-send.*", self._begin)
        client.meta.events.register("needs-retry.*", self._end)

    def _begin(self, request: Any, **_: object) -> None:
        url = urlsplit(request.url)
        attributes = {
            "http.request.method": request.method,
            "server.address": url.hostname or "",
            "server.port": url.port or _PORTS.get(url.scheme, 0),
        }
        started = tracing.in_trace()
        self._local.span = tracing.start(request.method, SpanKind.CLIENT, attributes) if started else None

    def _end(self, response: tuple[Any, Any] | None, caught_exception: Exception | None, **_: object) -> None:
        span: Span | None = getattr(self._local, "span", None)
        status = response[0].status_code if response else None
        error = _error(status, caught_exception)
        if error:
            OUTBOUND_HTTP_FAILURES.add(BLOB_STORE, error)
        if span:
            if status:
                span.set_attribute("http.response.status_code", status)
            if error:
                tracing.failed(span, str(status) if status else error)
            span.end()
            self._local.span = None


def _error(status: int | None, exception: Exception | None) -> str | None:
    if status is not None:
        return "server_error" if status >= 500 else "client_error" if status >= 400 else None
    return failure_class(exception)


def failure_class(exception: Exception | None) -> str:
    """What kept a request from being answered: "timeout", "tls" or "connection"."""
    from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError, SSLError

    if isinstance(exception, ConnectTimeoutError | ReadTimeoutError):
        return "timeout"
    return "tls" if isinstance(exception, SSLError) else "connection"
