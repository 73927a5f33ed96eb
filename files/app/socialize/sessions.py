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


async def live_session(db: AsyncSession, token: str) -> Session | None:
    """The session of a token, if it has not ended."""
    session = await db.get(Session, _digest(token))
    return session if session and session.expires_at > datetime.now(UTC) else None


async def _current_session(
    db: Db, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Session:
    if bearer and (session := await live_session(db, bearer.credentials)):
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


def require_admin(user: User) -> None:
    """Refuse with 403 whoever is no administrator of the deployment; `socialize.admins` tells who is."""
    if user.role != "admin":
        raise ApiError(403, "Only administrators of this deployment may do that.")


async def _current_admin(user: CurrentUser) -> User:
    require_admin(user)
    return user


CurrentAdmin = Annotated[User, Depends(_current_admin)]
"""The administrator who asks; 401 without a live session, 403 for everybody else."""


@router.post("/api/auth/login", responses=responses(401, 429))
async def log_in(credentials: Credentials, db: Db, request: Request, response: Response) -> SessionView:
    """Start a session. An unknown address and a wrong password get the same 401 in about the same time."""
    user = await authenticate(credentials, db, request)
    token, expires_at = await start_session(db, user, request.app.state.settings.session_ttl_hours)
    response.headers["Cache-Control"] = "no-store"
    return SessionView(token=token, expires_at=expires_at)


async def authenticate(credentials: Credentials, db: AsyncSession, request: Request) -> User:
    """The user with these credentials.

    Only failed attempts count towards the limits, but each is paid for first: attempts at the same time
    cannot get past them.

    Raises:
        ApiError: 401 when there is no such user, 429 after too many attempts.
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
    remember("user_id", user.id)
    return user


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


async def start_session(db: AsyncSession, user: User, hours: int) -> tuple[str, datetime]:
    """Commit a new session; gives its token, which is kept nowhere, and when it ends."""
    now, token = datetime.now(UTC), secrets.token_urlsafe(_TOKEN_BYTES)
    await db.execute(delete(Session).where(Session.user_id == user.id, Session.expires_at <= now))
    session = Session(token_sha256=_digest(token), user_id=user.id, expires_at=now + timedelta(hours=hours))
    db.add(session)
    await db.commit()
    audit("session.started", "session", None)
    LOGIN_SUCCESSES.add()
    return token, session.expires_at


async def end_session(db: AsyncSession, session: Session) -> None:
    """Delete the session and commit."""
    await db.delete(session)
    await db.commit()
    remember("user_id", session.user_id)
    audit("session.ended", "session", None)


@router.post("/api/auth/logout", status_code=204, responses=responses(401))
async def log_out(session: CurrentSession, db: Db) -> None:
    """End the session of the token that came with the request."""
    await end_session(db, session)


@router.get("/api/me", responses=responses(401))
async def me(user: CurrentUser) -> UserView:
    """The user who asks."""
    return UserView.model_validate(user)
