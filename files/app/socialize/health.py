"""Health: is the process alive, is it ready for requests, and what is it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy import NullPool, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from socialize import heartbeats, migrate
from socialize.about import API, VERSION
from socialize.blobs import BlobError, Blobs
from socialize.database import connect_args, connection_failure, database_url
from socialize.settings import Settings

CHECK_TIMEOUT_SECONDS = 2.0
FRESH_SECONDS = 1.0

router = APIRouter(tags=["health"])


class Check(BaseModel):
    """The outcome of one check. "degraded" is worth a look but no reason to send requests elsewhere."""

    state: Literal["ok", "degraded", "failed"]
    latency_ms: float
    detail: str


class Ready(BaseModel):
    """Whether requests should be sent here, and why not."""

    state: Literal["ok", "failed", "draining"]
    checks: dict[str, Check]


class Summary(BaseModel):
    """What runs here and how it is."""

    service: str
    version: str
    environment: str
    state: Literal["ok", "failed", "draining"]


class NotHealthy(Exception):
    """A check's verdict; the text is shown to clients."""


class Readiness:
    """The readiness checks.

    They use connections of their own, so that a busy pool does not look like a broken database, and their
    outcome is kept for `FRESH_SECONDS`, so that many callers cost the database no more than one.
    """

    def __init__(self, settings: Settings, blobs: Blobs | None) -> None:
        self.draining = False
        self._blobs = blobs
        self._worker_expected = settings.worker_expected
        self._engine = create_async_engine(
            database_url(settings),
            poolclass=NullPool,
            # A check changes nothing; ended by a rollback, it would count as something undone.
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            connect_args=connect_args(int(CHECK_TIMEOUT_SECONDS * 1000)),
        )
        self._lock = asyncio.Lock()
        self._checked_at = float("-inf")
        self._checks: dict[str, Check] = {}

    async def report(self) -> Ready:
        """Run the checks, at the same time, unless their outcome is fresh."""
        async with self._lock:
            if time.monotonic() - self._checked_at > FRESH_SECONDS:
                self._checks = await self._run()
                self._checked_at = time.monotonic()
        healthy = all(check.state != "failed" for check in self._checks.values())
        state: Literal["ok", "failed", "draining"] = "ok" if healthy else "failed"
        return Ready(state="draining" if self.draining else state, checks=self._checks)

    async def _run(self) -> dict[str, Check]:
        checks = {"database": _check(self._database), "migrations": _check(self._migrations)}
        if self._blobs:
            checks["blob_storage"] = _check(self._blobs.check)
        if self._worker_expected:
            # Requests are served without a worker; while it is replaced nobody shall be turned away.
            checks["worker"] = _check(self._worker, failure="degraded")
        return dict(zip(checks, await asyncio.gather(*checks.values()), strict=True))

    async def _worker(self) -> str:
        async with self._engine.connect() as connection:
            age = await heartbeats.age(connection)
        if age is None:
            raise NotHealthy("no worker has ever reported")
        if age > heartbeats.LOST_AFTER:
            raise NotHealthy(f"no worker has reported for {age.total_seconds():.0f} s")
        return "reports"

    async def _database(self) -> str:
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        return "connected"

    async def _migrations(self) -> str:
        async with self._engine.connect() as connection:
            try:
                current = await connection.scalar(migrate.CURRENT_REVISION)
            except ProgrammingError:
                raise NotHealthy("no migration has been applied") from None
        return _judge_revision(current)


def _judge_revision(current: str | None) -> str:
    if current == migrate.head():
        return f"at {current}"
    if current and migrate.is_newer(current):
        # A newer version was rolled out or back: its migrations leave the schema usable for this one.
        return f"at {current}, newer than {migrate.head()}"
    raise NotHealthy(f"at {current or 'no revision'}, needs {migrate.head()}")


async def _check(
    probe: Callable[[], Awaitable[str]], failure: Literal["degraded", "failed"] = "failed"
) -> Check:
    started = time.perf_counter()
    state: Literal["ok", "degraded", "failed"] = failure
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            detail = await probe()
        state = "ok"
    except TimeoutError:
        detail = f"no answer within {CHECK_TIMEOUT_SECONDS:g} s"
    except (NotHealthy, BlobError) as verdict:
        detail = str(verdict)
    except Exception as error:
        detail = connection_failure(error)
    return Check(state=state, latency_ms=round((time.perf_counter() - started) * 1000, 2), detail=detail)


@router.get("/health/live")
async def live() -> dict[str, str]:
    """The process answers. Looks at nothing else: a broken database is no reason to restart it."""
    return {"state": "ok"}


@router.get("/health/ready", responses={503: {"model": Ready, "description": "Not ready."}})
async def ready(request: Request, response: Response) -> Ready:
    """Whether requests should be sent here: 200, or 503 when a check fails or the process is about to end."""
    report: Ready = await request.app.state.readiness.report()
    response.status_code = 200 if report.state == "ok" else 503
    return report


@router.get("/health", responses={503: {"model": Summary, "description": "Not ready."}})
async def summary(request: Request, response: Response) -> Summary:
    """What runs here and how it is, with the status of readiness."""
    report = await ready(request, response)
    environment = request.app.state.settings.environment
    return Summary(service=API, version=VERSION, environment=environment, state=report.state)
