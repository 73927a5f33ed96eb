"""Rate limits, kept in Postgres: they hold for all processes together and outlive each of them.

The rule is GCRA (the "virtual scheduling" of ITU-T I.371): one instant per key, and no burst where one window
ends and the next begins.
"""

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from fastapi import Request
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from socialize.database import Base, Timestamp
from socialize.errors import ApiError

IPV6_CLIENT_PREFIX = 64
"""Bits of an IPv6 address that stand for one client: providers hand out whole /64 networks (RFC 6177)."""


class RateLimit(Base):
    """How much of a limit is used up. Rows whose instant has passed say nothing and are cleaned up."""

    __tablename__ = "rate_limits"

    key_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    arrival_at: Mapped[Timestamp]
    """GCRA's theoretical arrival time."""


@dataclass(frozen=True)
class Limit:
    """So many events in a window of so many seconds, for whatever the key stands for."""

    name: str
    events: int
    window_seconds: int

    @property
    def interval(self) -> timedelta:
        """What one event uses up."""
        return timedelta(seconds=self.window_seconds / self.events)

    def key(self, subject: str) -> bytes:
        """The key of a subject: a hash, for the table need not tell who it is about."""
        return hashlib.sha256(f"{self.name}\0{subject}".encode()).digest()


async def spend(db: AsyncSession, limit: Limit, subject: str) -> None:
    """Use up one event of the limit; the caller commits.

    Raises:
        ApiError: 429 with Retry-After in seconds, when none is left.
    """
    now = cast("ColumnElement[object]", func.now())
    spare = timedelta(seconds=limit.window_seconds) - limit.interval
    first = insert(RateLimit).values(key_sha256=limit.key(subject), arrival_at=now + limit.interval)
    spent = await db.scalar(
        first.on_conflict_do_update(
            index_elements=[RateLimit.key_sha256],
            set_={"arrival_at": func.greatest(RateLimit.arrival_at, now) + limit.interval},
            where=RateLimit.arrival_at <= now + spare,
        ).returning(RateLimit.arrival_at)
    )
    if spent is None:
        await _refuse(db, limit, subject, spare)


async def _refuse(db: AsyncSession, limit: Limit, subject: str, spare: timedelta) -> None:
    wait = func.extract("epoch", RateLimit.arrival_at - spare - func.now())
    left = await db.scalar(select(wait).where(RateLimit.key_sha256 == limit.key(subject)))
    seconds = max(1, math.ceil(left or 0))
    raise ApiError(429, "Too many attempts; try again later.", {"Retry-After": str(seconds)})


async def give_back(db: AsyncSession, limit: Limit, subject: str) -> None:
    """Undo a `spend` that turned out not to count; the caller commits."""
    mine = update(RateLimit).where(RateLimit.key_sha256 == limit.key(subject))
    await db.execute(mine.values(arrival_at=RateLimit.arrival_at - limit.interval))


def client_address(request: Request, hops: int) -> str:
    """The client's IP address, for IPv6 its network.

    Args:
        request: the request.
        hops: how many proxies in front add to X-Forwarded-For. What stands further left in the header was
            written by the client and is not believed.
    """
    given = [part.strip() for part in ",".join(request.headers.getlist("X-Forwarded-For")).split(",")]
    peer = request.client.host if request.client else ""
    text = given[-hops] if 0 < hops <= len(given) else peer
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return peer
    if address.version == 6:
        return str(ipaddress.ip_network((address, IPV6_CLIENT_PREFIX), strict=False))
    return str(address)
