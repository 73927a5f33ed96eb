"""The queue of background jobs: a table, so that a job is queued in the very transaction that calls for it.

A job that is taken stays in the table, invisible until its time is up. A worker that dies therefore loses
nothing: the job becomes visible again and another worker takes it. Every job may run more than once.
"""

import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Literal

from opentelemetry.propagate import inject
from opentelemetry.trace import SpanKind
from sqlalchemy import ColumnElement, Index, Interval, Text, delete, func, select, type_coerce, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from socialize import tracing
from socialize.database import Base, CreatedAt, PrimaryKey, Timestamp
from socialize.logs import correlation_id
from socialize.signals import JOBS_ENQUEUED

QUEUE = "socialize.jobs"
RETRY_LIMIT = timedelta(hours=1)


class Job(Base):
    """Something to be done outside of a request. Its payload holds ids, never content or secrets."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_visible_at", "visible_at", postgresql_where="died_at IS NULL"),)

    id: Mapped[PrimaryKey]
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]
    visible_at: Mapped[Timestamp] = mapped_column(server_default=func.now())
    """When it is due; while it runs, when it counts as lost and is due again."""
    taken_at: Mapped[Timestamp | None]
    """When a worker took it; None while none has it."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    """Attempts begun. Also the fencing token: a worker too slow must not finish for its successor."""
    died_at: Mapped[Timestamp | None]
    """When it was given up: a dead letter."""
    schedule: Mapped[str | None] = mapped_column(Text, unique=True)
    """Name of the schedule of a recurring job: of each there is one row, and it never goes."""
    correlation_id: Mapped[str] = mapped_column(server_default="-")
    traceparent: Mapped[str | None]
    """W3C trace context of the request that queued it."""


def enqueue(db: AsyncSession, kind: str, **payload: uuid.UUID) -> None:
    """Queue a job with the caller's transaction.

    Args:
        db: the session that the caller commits.
        kind: which handler of the worker is meant.
        payload: ids of what it is about.
    """
    ids = {name: str(value) for name, value in payload.items()}
    with _sending(kind) as traceparent:
        job = Job(kind=kind, payload=ids, correlation_id=correlation_id.get(), traceparent=traceparent)
    db.add(job)


async def schedule(db: AsyncSession, kind: str) -> None:
    """Make sure that there is a recurring job of the kind."""
    if await db.scalar(select(Job.id).where(Job.schedule == kind)):
        return
    with _sending(kind) as traceparent:
        new = {"id": uuid.uuid4(), "kind": kind, "payload": {}, "schedule": kind, "traceparent": traceparent}
        await db.execute(insert(Job).values(new).on_conflict_do_nothing(index_elements=[Job.schedule]))
        await db.commit()


async def take(db: AsyncSession, kinds: Collection[str], seconds: float) -> tuple[Job, timedelta] | None:
    """Take the job that has been due longest.

    Args:
        db: a session; what is taken is committed.
        kinds: what this worker can do; while a newer version is rolled out there may be more in the queue.
        seconds: how long no other worker shall see it.
    Returns:
        The job, and how long it has been due.
    """
    waited = type_coerce(func.now() - Job.visible_at, Interval())
    due = select(Job, waited).where(Job.died_at.is_(None), Job.visible_at <= func.now(), Job.kind.in_(kinds))
    first = due.order_by(Job.visible_at).limit(1).with_for_update(skip_locked=True)
    taken = (await db.execute(first)).tuples().one_or_none()
    if taken:
        taken[0].attempts += 1
        taken[0].taken_at = func.now()
        taken[0].visible_at = func.now() + timedelta(seconds=seconds)
    await db.commit()
    return taken


async def finish(db: AsyncSession, job: Job, again_seconds: float) -> None:
    """Mark a job as done: it goes, or, if it recurs, waits for its next time.

    Args:
        db: a session; the outcome is committed.
        job: as it was taken.
        again_seconds: until a recurring job is due again.
    """
    if job.schedule:
        due = func.now() + timedelta(seconds=again_seconds)
        with _sending(job.kind) as traceparent:
            await _change(db, job, visible_at=due, attempts=0, traceparent=traceparent)
    else:
        await db.execute(delete(Job).where(*_still_ours(job)))
        await db.commit()


async def fail(db: AsyncSession, job: Job, retry_seconds: float, max_attempts: int) -> bool:
    """Mark an attempt as failed: the job is tried again later, or is a dead letter from now on.

    Args:
        db: a session; the outcome is committed.
        job: as it was taken.
        retry_seconds: until the second attempt; each further wait is twice as long, up to `RETRY_LIMIT`.
        max_attempts: attempts that a job gets; one that recurs gets as many as it takes.
    Returns:
        Whether the job is a dead letter now.
    """
    if job.attempts >= max_attempts and not job.schedule:
        await _change(db, job, died_at=func.now())
        return True
    wait = min(timedelta(seconds=retry_seconds * 2 ** min(job.attempts - 1, 30)), RETRY_LIMIT)
    await _change(db, job, visible_at=func.now() + wait)
    return False


async def _change(db: AsyncSession, job: Job, **values: object) -> None:
    await db.execute(update(Job).where(*_still_ours(job)).values(taken_at=None, **values))
    await db.commit()


def _still_ours(job: Job) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Job.id == job.id, Job.attempts == job.attempts


def messaging(operation: Literal["send", "process"], kind: str) -> dict[str, str]:
    """Span attributes by OpenTelemetry's conventions for messaging."""
    return {
        "messaging.system": "postgresql",
        "messaging.destination.name": QUEUE,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "socialize.job.name": kind,
    }


@contextmanager
def _sending(kind: str) -> Iterator[str | None]:
    with tracing.span(f"send {QUEUE}", SpanKind.PRODUCER, messaging("send", kind)):
        carrier: dict[str, str] = {}
        inject(carrier)
        yield carrier.get("traceparent")
    JOBS_ENQUEUED.add(kind)
