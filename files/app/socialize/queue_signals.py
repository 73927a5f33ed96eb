"""Signals of the queue, read from the database by the API, so that they go on when no worker runs."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from socialize.heartbeats import Heartbeat
from socialize.instruments import Labels
from socialize.jobs import Job
from socialize.signals import HEARTBEAT_AGE, QUEUE_DEPTH, QUEUE_OLDEST_AGE

REFRESH_SECONDS = 5.0

_log = logging.getLogger(__name__)
State = Literal["waiting", "running", "dead"]


@dataclass(frozen=True)
class Reading:
    """What was seen at a time; instants are of the monotonic clock, None where there was nothing."""

    depth: dict[State, int]
    oldest_due: float | None
    last_beat: float | None


_due = Job.visible_at <= func.now()
_alive = Job.died_at.is_(None)
_running = and_(_alive, Job.taken_at.is_not(None), ~_due)
# A recurring job is a row of its own all the time; it waits for a worker only when it is due.
_waiting = and_(_alive, ~and_(Job.taken_at.is_not(None), ~_due), or_(Job.schedule.is_(None), _due))


_QUERY = select(
    func.count().filter(_waiting).label("waiting"),
    func.count().filter(_running).label("running"),
    func.count().filter(Job.died_at.is_not(None)).label("dead"),
    func.extract("epoch", func.now() - func.min(Job.visible_at).filter(_waiting, _due)).label("oldest"),
    select(func.extract("epoch", func.now() - func.max(Heartbeat.beat_at))).scalar_subquery().label("beat"),
)


class QueueWatch:
    """Reads the queue every few seconds; what is exported is the last reading, with ages that go on."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions
        self._started = time.monotonic()
        self._reading: Reading | None = None
        QUEUE_DEPTH.watch(self._depth)
        QUEUE_OLDEST_AGE.watch(self._oldest)
        HEARTBEAT_AGE.watch(self._beat)

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            try:
                await self._read()
            except (SQLAlchemyError, OSError) as error:
                self._reading = None  # No value is better than an old one that looks like a good one.
                _log.warning("the queue cannot be read", exc_info=error, extra={"dependency": "postgres"})
            await asyncio.sleep(REFRESH_SECONDS)

    async def _read(self) -> None:
        async with self._sessions() as db:
            self._reading = await read_queue(db)
            await db.commit()  # As in `database.Db`: nothing was undone.

    def _depth(self) -> list[tuple[float, Labels]]:
        depth = self._reading.depth if self._reading else {}
        return [(count, {"socialize.queue.state": state}) for state, count in depth.items()]

    def _oldest(self) -> list[tuple[float, Labels]]:
        if not self._reading:
            return []
        due = self._reading.oldest_due
        return [(time.monotonic() - due if due is not None else 0.0, {})]

    def _beat(self) -> list[tuple[float, Labels]]:
        if not self._reading:
            return []
        last = self._reading.last_beat
        return [(time.monotonic() - (self._started if last is None else last), {})]


async def read_queue(db: AsyncSession) -> Reading:
    """What the queue is like now."""
    return _reading((await db.execute(_QUERY)).one(), time.monotonic())


def _reading(row: "Row[tuple[int, int, int, float | None, float | None]]", now: float) -> Reading:
    return Reading(
        {"waiting": row.waiting, "running": row.running, "dead": row.dead},
        now - float(row.oldest) if row.oldest is not None else None,
        now - float(row.beat) if row.beat is not None else None,
    )
