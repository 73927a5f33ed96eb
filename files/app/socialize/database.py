"""The database: how to reach it, and what every table has in common."""

import re
import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import URL, DateTime, MetaData, func
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, mapped_column

from socialize.database_signals import CountingPool, StatementSpans, watch_pool
from socialize.settings import Settings

CONNECT_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_MS = 15_000
POOL_WAIT_SECONDS = 5

PrimaryKey = Annotated[uuid.UUID, mapped_column(primary_key=True, default=uuid.uuid4)]
Timestamp = Annotated[datetime, mapped_column(DateTime(timezone=True))]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]


class Base(DeclarativeBase):
    """Base of all tables. Constraint names are fixed, so that later migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )


def database_url(settings: Settings) -> URL:
    """The URL for SQLAlchemy; it carries the password, and its repr hides it."""
    return URL.create(
        "postgresql+psycopg",
        username=settings.db_user,
        password=settings.db_password.get_secret_value(),
        host=settings.db_host,
        port=settings.db_port,
        database=settings.db_name,
    )


def connect_args(statement_timeout_ms: int) -> dict[str, object]:
    """Arguments for libpq.

    Args:
        statement_timeout_ms: milliseconds after which the server ends a statement; 0 for never.
    """
    return {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": "socialize",
        "options": f"-c statement_timeout={statement_timeout_ms} -c idle_in_transaction_session_timeout=60s",
    }


def open_engine(settings: Settings) -> AsyncEngine:
    """The engine that the process works with, and its signals; nothing is connected to yet."""
    engine = create_async_engine(
        database_url(settings),
        connect_args=connect_args(STATEMENT_TIMEOUT_MS),
        poolclass=CountingPool,
        pool_size=settings.db_pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    StatementSpans(settings).watch(engine)
    watch_pool(engine)
    return engine


_CONNECTION_FAILURES = {
    r"password authentication failed": "the database refused the user or the password",
    r"database .* does not exist": "the database does not exist",
    r"role .* does not exist": "the database user does not exist",
    r"resolve|Name or service not known|getaddrinfo": "the database host name does not resolve",
    r"[Cc]onnection refused": "the database refused the connection",
    r"timeout|timed out": "the database did not answer in time",
    r"starting up|shutting down": "the database is starting up or shutting down",
}


def connection_failure(error: BaseException) -> str:
    """A fixed sentence for a failure to connect: the driver's own text may hold host, user and database.

    libpq gives no SQLSTATE for a connection that was never made, hence the look at its text.
    """
    text = str(error)
    for pattern, sentence in _CONNECTION_FAILURES.items():
        if re.search(pattern, text):
            return sentence
    return "the database cannot be reached"


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session
        # Ends what was only read: a rollback counts as something undone, and alerts judge the share of these.
        await session.commit()


Db = Annotated[AsyncSession, Depends(_session)]
"""A database session for one request. The endpoint commits before it answers; what a request that fails or
is refused has not committed is rolled back."""
