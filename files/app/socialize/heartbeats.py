"""Heartbeats: what workers write into the database, so that others can see that one lives."""

import uuid
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from socialize.database import Base, Timestamp

BEAT_SECONDS = 5
LOST_AFTER = timedelta(seconds=6 * BEAT_SECONDS)


class Heartbeat(Base):
    """When a worker last said that it lives."""

    __tablename__ = "worker_heartbeats"

    worker_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    beat_at: Mapped[Timestamp]


async def beat(db: AsyncSession, worker_id: uuid.UUID) -> None:
    """Say that this worker lives."""
    mine = insert(Heartbeat).values(worker_id=worker_id, beat_at=func.now())
    await db.execute(mine.on_conflict_do_update(index_elements=["worker_id"], set_={"beat_at": func.now()}))
    await db.commit()


async def age(db: AsyncSession | AsyncConnection) -> timedelta | None:
    """Time since any worker said so; None when none ever did."""
    since: timedelta | None = await db.scalar(select(func.now() - func.max(Heartbeat.beat_at)))
    return since
