"""Signals of the database: a span per statement, and how full the pool of connections is."""

from collections.abc import Iterator
from typing import Any

from opentelemetry.trace import Span, SpanKind
from sqlalchemy import event, exc
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection, QueuePool

from socialize import tracing
from socialize.instruments import Labels
from socialize.settings import Settings
from socialize.signals import POOL, POOL_CONNECTIONS, POOL_MAX, POOL_TIMEOUTS

_NAME = {"db.client.connection.pool.name": POOL}
_OPERATIONS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})


class CountingPool(AsyncAdaptedQueuePool):
    """A pool that counts waits which end without a connection."""

    def connect(self) -> PoolProxiedConnection:
        """A connection; raises `sqlalchemy.exc.TimeoutError` when none became free in time."""
        try:
            return super().connect()
        except exc.TimeoutError:
            POOL_TIMEOUTS.add(POOL)
            raise


class StatementSpans:
    """Makes a span of every statement that is run within another span; the SQL itself is not in it."""

    def __init__(self, settings: Settings) -> None:
        self._namespace = settings.db_name
        self._attributes: dict[str, str | int] = {
            "db.system.name": "postgresql",
            "db.namespace": settings.db_name,
            "server.address": settings.db_host,
            "server.port": settings.db_port,
        }

    def watch(self, engine: AsyncEngine) -> None:
        """Make spans for this engine from now on."""
        event.listen(engine.sync_engine, "before_cursor_execute", self._begin)
        event.listen(engine.sync_engine, "after_cursor_execute", self._end)
        event.listen(engine.sync_engine, "handle_error", self._fail)

    def _start(self, operation: str) -> Span:
        attributes = self._attributes | {"db.operation.name": operation}
        return tracing.start(f"{operation} {self._namespace}", SpanKind.CLIENT, attributes)

    def _begin(self, _: Connection, __: Any, statement: str, ___: Any, context: Any, ____: bool) -> None:
        if tracing.in_trace():
            word = statement.split(maxsplit=1)[0].upper()
            context.socialize_span = self._start(word if word in _OPERATIONS else "OTHER")

    def _end(self, _: Connection, __: Any, ___: str, ____: Any, context: Any, _____: bool) -> None:
        if span := getattr(context, "socialize_span", None):
            span.end()

    def _fail(self, failure: ExceptionContext) -> None:
        span: Span | None = getattr(failure.execution_context, "socialize_span", None)
        if span is None and tracing.in_trace():
            span = self._start("CONNECT")
        if span:
            state = getattr(failure.original_exception, "sqlstate", None)
            tracing.failed(span, state or type(failure.original_exception).__name__)
            span.end()


def watch_pool(engine: AsyncEngine) -> None:
    """Report the pool of this engine from now on."""
    pool = engine.pool
    assert isinstance(pool, QueuePool)  # noqa: S101  (narrows the type: the pool of an asyncio engine is one)

    def count() -> Iterator[tuple[float, Labels]]:
        yield pool.checkedout(), _NAME | {"db.client.connection.state": "used"}
        yield pool.checkedin(), _NAME | {"db.client.connection.state": "idle"}

    POOL_CONNECTIONS.watch(count)
    POOL_MAX.watch(lambda: [(pool.size(), _NAME)])
