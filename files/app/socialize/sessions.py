"""Sessions: log-in, log-out, and who is asking."""

import hashlib
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from socialize import passwords, schemas
from socialize.database import Base, CreatedAt, Db, Timestamp
from socialize.errors import COMMON, ApiError, responses
from socialize.logs import audit, remember
from socialize.ratelimit import Limit, client_address, give_back, spend
from socialize.settings import Settings
from socialize.signals import AUTHENTICATION_FAILURES, LOGIN_ATTEMPTS, LOGIN_SUCCESSES
from socialize.users import EmailAddress, User, UserView

router = APIRouter(tags=["auth"], responses=COMMON)

_TOKEN_BYTES = 32
_bearer = HTTPBearer(auto_error=False)


class Session(Base):
    """A log-in. Only the SHA-256 of its token is kept: who reads the table cannot log in with it."""

    __tablename__ = "sessions"

    token_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Timestamp]


class Credentials(schemas.Request):
    """What somebody logs in with. No least length: the rule may have been another at registration."""

    email: EmailAddress
    password: schemas.Password


class SessionView(schemas.Response):
    """A new session; the token is shown here and never again."""

    token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  (the kind, not a token)
    expires_at: datetime


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def _current_session(
    db: Db, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Session:
    if bearer:
        session = await db.get(Session, _digest(bearer.credentials))
        if session and session.expires_at > datetime.now(UTC):
            return session
    AUTHENTICATION_FAILURES.add("invalid_session")
    raise ApiError(401, "A valid session token is needed.", {"WWW-Authenticate": "Bearer"})


CurrentSession = Annotated[Session, Depends(_current_session)]
"""The session of the bearer token; 401 without a live one."""


async def _current_user(db: Db, session: CurrentSession) -> User:
    remember("user_id", session.user_id)
    return await db.get_one(User, session.user_id)


CurrentUser = Annotated[User, Depends(_current_user)]
"""The user who asks; 401 without a live session."""


@router.post("/api/auth/login", responses=responses(401, 429))
async def log_in(credentials: Credentials, db: Db, request: Request, response: Response) -> SessionView:
    """Start a session. An unknown address and a wrong password get the same 401 in about the same time.

    Only failed attempts count towards the limits, but each is paid for first: attempts at the same time
    cannot get past them.
    """
    LOGIN_ATTEMPTS.add()
    settings: Settings = request.app.state.settings
    paid = await _pay(db, settings, credentials.email, client_address(request, settings.forwarded_hops))
    user = await db.scalar(select(User).where(User.email == credentials.email))
    matches = await passwords.password_matches(user.password_hash if user else None, credentials.password)
    if not user or not matches:
        AUTHENTICATION_FAILURES.add("bad_credentials")
        audit("session.refused", "session", None)
        raise ApiError(401, "The e-mail address or the password is wrong.", {"WWW-Authenticate": "Bearer"})
    if passwords.is_outdated(user.password_hash):
        user.password_hash = await passwords.hash_password(credentials.password)
    for limit, subject in paid:
        await give_back(db, limit, subject)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    session = await _start_session(db, user, token, timedelta(hours=settings.session_ttl_hours))
    remember("user_id", user.id)
    audit("session.started", "session", None)
    LOGIN_SUCCESSES.add()
    response.headers["Cache-Control"] = "no-store"
    return SessionView(token=token, expires_at=session.expires_at)


async def _pay(db: AsyncSession, settings: Settings, email: str, client: str) -> list[tuple[Limit, str]]:
    window = settings.login_limit_window_seconds
    due = [
        (Limit("login-client", settings.login_limit_per_client, window), client),
        (Limit("login-email", settings.login_limit_per_email, window), email),
    ]
    try:
        for limit, subject in due:
            await spend(db, limit, subject)
    except ApiError:
        AUTHENTICATION_FAILURES.add("rate_limited")
        audit("session.refused", "session", None)
        raise
    finally:
        await db.commit()
    return due


async def _start_session(db: Db, user: User, token: str, lifetime: timedelta) -> Session:
    now = datetime.now(UTC)
    await db.execute(delete(Session).where(Session.user_id == user.id, Session.expires_at <= now))
    session = Session(token_sha256=_digest(token), user_id=user.id, expires_at=now + lifetime)
    db.add(session)
    await db.commit()
    return session


@router.post("/api/auth/logout", status_code=204, responses=responses(401))
async def log_out(session: CurrentSession, db: Db) -> None:
    """End the session of the token that came with the request."""
    await db.delete(session)
    await db.commit()
    remember("user_id", session.user_id)
    audit("session.ended", "session", None)


@router.get("/api/me", responses=responses(401))
async def me(user: CurrentUser) -> UserView:
    """The user who asks."""
    return UserView.model_validate(user)
