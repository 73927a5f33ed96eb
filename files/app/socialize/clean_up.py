"""The scheduled clean-up: what has expired goes."""

from datetime import timedelta

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession

from socialize.heartbeats import Heartbeat
from socialize.invites import Invite
from socialize.ratelimit import RateLimit
from socialize.sessions import Session

HEARTBEATS_KEPT = timedelta(days=1)


async def clean_up(db: AsyncSession) -> None:
    """Remove expired sessions and invites, rate limits that limit nothing, and heartbeats long stopped."""
    await db.execute(delete(Session).where(Session.expires_at <= func.now()))
    await db.execute(delete(Invite).where(Invite.expires_at <= func.now()))
    await db.execute(delete(RateLimit).where(RateLimit.arrival_at <= func.now()))
    await db.execute(delete(Heartbeat).where(Heartbeat.beat_at <= func.now() - HEARTBEATS_KEPT))
    await db.commit()
