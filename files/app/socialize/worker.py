"""The worker process: takes jobs from the queue until it is told to stop, and then finishes what it has."""

import asyncio
import logging
import signal
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from opentelemetry import trace
from opentelemetry.propagate import extract
from opentelemetry.trace import Link, SpanKind
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from socialize import clean_up, heartbeats, invites, jobs, telemetry, tracing
from socialize.about import WORKER
from socialize.database import open_engine
from socialize.logs import begin_context, log_loop_exception
from socialize.settings import Settings
from socialize.signals import CLEAN_UP, JOB_DURATION, JOB_FAILURES, JOB_WAIT, SEND_INVITE

_log = logging.getLogger(__name__)

Handler = Callable[[AsyncSession, jobs.Job], Awaitable[None]]

# How long a job is out of sight, in time limits of a job: nobody else may take it while its worker still may
# be at it, and the worker needs a moment to write down how it ended.
VISIBILITY_FACTOR = 1.5


class JobLost(Exception):
    """The job's workers died during every attempt that it may have."""


def handlers(settings: Settings) -> Mapping[str, Handler]:
    """What is to be done, by kind of job."""

    async def send_invite(db: AsyncSession, job: jobs.Job) -> None:
        await invites.send_invite(db, settings, uuid.UUID(job.payload["invite_id"]))

    async def remove_expired(db: AsyncSession, _: jobs.Job) -> None:
        await clean_up.clean_up(db)

    return {SEND_INVITE: send_invite, CLEAN_UP: remove_expired}


class Worker:
    """Several loops that each take a job, do it, and write down how it ended."""

    def __init__(
        self, settings: Settings, sessions: async_sessionmaker[AsyncSession], do: Mapping[str, Handler]
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._handlers = do
        self._id = uuid.uuid4()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take no more jobs; `run` returns when those at work are done."""
        if not self._stopping.is_set():
            _log.info("draining")
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`."""
        beating = asyncio.create_task(self._repeat(self._beat, heartbeats.BEAT_SECONDS))
        await self._until_done(self._schedule)
        async with asyncio.TaskGroup() as loops:
            for _ in range(self._settings.worker_concurrency):
                loops.create_task(self._work())
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)

    async def _work(self) -> None:
        while not self._stopping.is_set():
            if not await self._attempt(self._next):
                await self._pause(self._settings.worker_poll_seconds)

    async def _next(self) -> bool:
        async with self._sessions() as db:
            visibility = self._settings.worker_job_seconds * VISIBILITY_FACTOR
            taken = await jobs.take(db, self._handlers.keys(), visibility)
        if taken:
            job, waited = taken
            begin_context(job.correlation_id)
            await self._process(job, waited.total_seconds())
        return taken is not None

    async def _process(self, job: jobs.Job, waited: float) -> None:
        fields = {"job": job.kind, "job_id": str(job.id), "attempt": job.attempts}
        # A trace of its own, linked to the request that queued the job: that one may be long over.
        with tracing.span(
            f"process {jobs.QUEUE}", SpanKind.CONSUMER, jobs.messaging("process", job.kind), _links(job)
        ) as span:
            JOB_WAIT.record(waited, _labels(job))
            started = time.perf_counter()
            try:
                await self._do(job)
                async with self._sessions() as db:
                    await jobs.finish(db, job, self._settings.clean_up_seconds)
                _log.info("job done", extra=fields)
            except Exception as error:
                tracing.failed(span, tracing.error_type(error))
                await self._failed(job, error, fields)
            finally:
                JOB_DURATION.record(time.perf_counter() - started, _labels(job))

    async def _do(self, job: jobs.Job) -> None:
        if job.attempts > self._settings.worker_max_attempts and not job.schedule:
            raise JobLost
        async with asyncio.timeout(self._settings.worker_job_seconds), self._sessions() as db:
            await self._handlers[job.kind](db, job)

    async def _failed(self, job: jobs.Job, error: Exception, fields: dict[str, object]) -> None:
        settings = self._settings
        async with self._sessions() as db:
            dead = await jobs.fail(db, job, settings.worker_retry_seconds, settings.worker_max_attempts)
        JOB_FAILURES.add(job.kind, "dead" if dead else "retry")
        level, message = (logging.ERROR, "job is a dead letter") if dead else (logging.WARNING, "job failed")
        why = {name: getattr(error, name, None) for name in ("dependency", "error_type")}
        _log.log(level, message, exc_info=error, extra=fields | why)

    async def _schedule(self) -> bool:
        async with self._sessions() as db:
            await jobs.schedule(db, CLEAN_UP)
        return True

    async def _beat(self) -> bool:
        async with self._sessions() as db:
            await heartbeats.beat(db, self._id)
        self._settings.worker_alive_file.touch()
        return True

    async def _attempt(self, step: Callable[[], Awaitable[bool]]) -> bool:
        try:
            return await step()
        except (SQLAlchemyError, OSError) as error:
            _log.error("the database failed the worker", exc_info=error, extra={"dependency": "postgres"})
            return False

    async def _until_done(self, step: Callable[[], Awaitable[bool]]) -> None:
        while not self._stopping.is_set() and not await self._attempt(step):
            await self._pause(self._settings.worker_poll_seconds)

    async def _repeat(self, step: Callable[[], Awaitable[bool]], seconds: float) -> None:
        while True:
            await self._attempt(step)
            await asyncio.sleep(seconds)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _labels(job: jobs.Job) -> dict[str, str]:
    return {"socialize.job.name": job.kind}


def _links(job: jobs.Job) -> tuple[Link, ...]:
    cause = trace.get_current_span(extract({"traceparent": job.traceparent or ""})).get_span_context()
    return (Link(cause),) if cause.is_valid else ()


def work(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    with telemetry.running(WORKER, settings):
        asyncio.run(_main(settings))


async def _main(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_loop_exception)
    engine = open_engine(settings)
    worker = Worker(settings, async_sessionmaker(engine, expire_on_commit=False), handlers(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, partial(Worker.stop, worker))
    _log.info("worker started")
    await worker.run()
    await engine.dispose()
