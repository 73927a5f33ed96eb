"""What happens around every request: correlation id, request log line, last resort, limit of the body."""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from socialize import tracing
from socialize.errors import error_response
from socialize.http_signals import CLIENT_CLOSED_REQUEST, method_of, observed, route_of
from socialize.logs import begin_context, correlation_id

CORRELATION_HEADER = "X-Correlation-Id"
TRACE_HEADER = "X-Trace-Id"
MAX_BODY_BYTES = 1024 * 1024
UPLOAD_PATH = re.compile(r"/api/workspaces/[^/]+/uploads")
"""The one address that takes more than `MAX_BODY_BYTES`."""

_VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_log = logging.getLogger(__name__)


class _Exchange:
    """Hands on a request and, with the ids of correlation and trace, its response; remembers the status."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._gone = self.answered = False
        self.status = CLIENT_CLOSED_REQUEST

    async def receive(self) -> Message:
        message = await self._receive()
        self._gone |= message["type"] == "http.disconnect"
        return message

    async def send(self, message: Message) -> None:
        if self._gone and not self.answered:
            return  # FastAPI answers 400 to a client that went away within a body; nobody gets that.
        if message["type"] == "http.response.start":
            self.answered, self.status = True, message["status"]
            headers = MutableHeaders(scope=message)
            headers[CORRELATION_HEADER] = correlation_id.get()
            if trace := tracing.trace_id():
                headers[TRACE_HEADER] = trace
        await self._send(message)


class RequestContext:
    """Gives a request its correlation id, logs it once, and turns unhandled exceptions into a uniform 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin_context(_given_id(scope) or uuid.uuid4().hex)
        exchange = _Exchange(receive, send)
        with observed(scope, lambda: exchange.status):
            await self._serve(scope, exchange)

    async def _serve(self, scope: Scope, exchange: _Exchange) -> None:
        started = time.perf_counter()
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            pass  # Nobody is left to answer, and nothing of ours has failed.
        except Exception:
            _log.exception("unhandled exception")
            if exchange.answered:
                raise  # Half an answer is out: only a cut connection tells the client that it is not whole.
            await error_response(500)(scope, exchange.receive, exchange.send)
        finally:
            _log_request(scope, exchange.status, time.perf_counter() - started)


class BodyLimit:
    """Refuses request bodies over `MAX_BODY_BYTES`, or over `upload_max_bytes` for uploads, with 413.

    FastAPI's own `max_body_size` answers in plain text, outside of the exception handlers.
    """

    def __init__(self, app: ASGIApp, upload_max_bytes: int) -> None:
        self._app = app
        self._upload_max_bytes = upload_max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        limit = self._upload_max_bytes if UPLOAD_PATH.fullmatch(scope["path"]) else MAX_BODY_BYTES
        if _announced_length(scope) > limit:
            return await error_response(413)(scope, receive, send)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413)
            return message

        return await self._app(scope, counted, send)


def _given_id(scope: Scope) -> str | None:
    given = Headers(scope=scope).get(CORRELATION_HEADER, "")
    return given if _VALID_ID.fullmatch(given) else None


def _announced_length(scope: Scope) -> int:
    announced = Headers(scope=scope).get("content-length", "")
    return int(announced) if announced.isdecimal() else 0


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    route = route_of(scope) or "unmatched"
    routine = route.startswith("/health") and status == 200
    level = logging.ERROR if status >= 500 else logging.DEBUG if routine else logging.INFO
    fields = {
        "method": method_of(scope),
        "route": route,
        "status": status,
        "duration_ms": round(seconds * 1000, 2),
    }
    _log.log(level, "request served", extra={"log_type": "request"} | fields)
