"""Invites: who is in may ask others in, by e-mail.

The token in the mail is derived from the invite's id with a key that the database does not have: repeated
sending gives the same token, and the table, which holds its hash alone, lets nobody in.
"""

import hashlib
import hmac
import uuid
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, SecretStr
from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from socialize import jobs, mail, schemas
from socialize.database import Base, CreatedAt, Db, PrimaryKey, Timestamp
from socialize.errors import COMMON, ApiError, responses
from socialize.logs import audit, remember
from socialize.organizations import InvitedRole, Membership, require_manager
from socialize.ratelimit import Limit, spend
from socialize.sessions import CurrentUser
from socialize.settings import Settings
from socialize.signals import INVITES, SEND_INVITE
from socialize.users import EmailAddress
from socialize.workspaces import VisibleWorkspace, Workspace, WorkspaceView

router = APIRouter(tags=["invites"], responses=COMMON | responses(401, 404))


class Invite(Base):
    """That an e-mail address may join the organization of a workspace."""

    __tablename__ = "invites"
    __table_args__ = (
        UniqueConstraint("workspace_id", "email"),
        CheckConstraint("role IN ('admin', 'member')", name="role"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    invited_by_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    email: Mapped[str]
    role: Mapped[InvitedRole] = mapped_column(String)
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Timestamp]
    sent_at: Mapped[Timestamp | None]


class NewInvite(schemas.Request):
    """An invite to be sent."""

    email: EmailAddress
    role: InvitedRole = "member"


class InviteView(schemas.Response):
    """An invite as owners and admins see it; the token is in the mail alone."""

    id: uuid.UUID
    workspace_id: uuid.UUID
    invited_by_id: uuid.UUID | None
    email: str
    role: InvitedRole
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None


class InviteToken(schemas.Request):
    """What an invited person got by mail."""

    token: Annotated[SecretStr, Field(max_length=256)]


@router.post("/api/workspaces/{workspace_id}/invites", status_code=201, responses=responses(403, 409, 429))
async def create_invite(
    new: NewInvite, workspace: VisibleWorkspace, user: CurrentUser, db: Db, request: Request
) -> InviteView:
    """Invite somebody by e-mail; owners and admins may. 503 with code "mail_not_configured" without mail."""
    settings: Settings = request.app.state.settings
    if not settings.smtp_host:
        raise ApiError(503, "This deployment cannot send mail.", code="mail_not_configured")
    await require_manager(db, workspace.organization_id, user)
    await spend(db, Limit("invites", settings.invite_limit_per_hour, 3600), str(user.id))
    invite = _new_invite(new, workspace, user.id, settings)
    await db.execute(delete(Invite).where(Invite.expires_at <= datetime.now(UTC)))
    db.add(invite)
    try:
        await db.flush()
    except IntegrityError:
        raise ApiError(409, "There is an open invite for this address already.") from None
    jobs.enqueue(db, SEND_INVITE, invite_id=invite.id)
    await db.commit()
    INVITES.add()
    audit("invite.created", "invite", invite.id)
    return InviteView.model_validate(invite)


@router.post("/api/invites/accept")
async def accept_invite(given: InviteToken, user: CurrentUser, db: Db) -> WorkspaceView:
    """Join with the token from the mail. 404 unless it is open and for the address of the user who asks."""
    digest = _digest(given.token.get_secret_value())
    mine = select(Invite).where(Invite.token_sha256 == digest, Invite.email == user.email)
    invite = await db.scalar(mine.where(Invite.expires_at > datetime.now(UTC)).with_for_update())
    if not invite:
        raise ApiError(404, "There is no such invite.")
    workspace = await db.get_one(Workspace, invite.workspace_id)
    joining = insert(Membership).values(
        organization_id=workspace.organization_id, user_id=user.id, role=invite.role
    )
    await db.execute(joining.on_conflict_do_nothing())
    await db.delete(invite)
    await db.commit()
    remember("org_id", workspace.organization_id)
    audit("invite.accepted", "invite", invite.id)
    return WorkspaceView.model_validate(workspace)


async def send_invite(db: AsyncSession, settings: Settings, invite_id: uuid.UUID) -> None:
    """Send an invite's mail, unless it was sent before or has ended; raises `mail.MailError`."""
    invite = await db.get(Invite, invite_id)
    if not invite or invite.sent_at or invite.expires_at <= datetime.now(UTC):
        return
    await db.commit()  # No transaction stays open while another server is waited for.
    await mail.send(settings, _message(invite, settings))
    invite.sent_at = datetime.now(UTC)
    await db.commit()


def _new_invite(new: NewInvite, workspace: Workspace, user_id: uuid.UUID, settings: Settings) -> Invite:
    key = uuid.uuid4()
    return Invite(
        id=key,
        workspace_id=workspace.id,
        invited_by_id=user_id,
        email=new.email,
        role=new.role,
        token_sha256=_digest(_token(key, settings)),
        expires_at=datetime.now(UTC) + timedelta(hours=settings.invite_ttl_hours),
    )


def _token(invite_id: uuid.UUID, settings: Settings) -> str:
    key = settings.secrets["invite_key_file"].get_secret_value().encode()
    return urlsafe_b64encode(hmac.digest(key, invite_id.bytes, "sha256")).decode().rstrip("=")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _message(invite: Invite, settings: Settings) -> EmailMessage:
    """The mail. Who sends it twice sends the same: a mail server that drops duplicates can tell by its id."""
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = invite.email
    message["Subject"] = "You are invited to Socialize"
    message["Message-ID"] = f"<{invite.id}@{str(settings.mail_from).partition('@')[2]}>"
    message["Date"] = invite.created_at
    # Behind "#": browsers keep that part to themselves, so that the token is in no server's log.
    link = f"{settings.public_url.rstrip('/')}/invites/accept#token={_token(invite.id, settings)}"
    message.set_content(
        f"You are invited to a workspace on Socialize.\n\nTo join, log in as {invite.email} and open\n"
        f"{link}\n\nThe invite ends on {invite.expires_at:%d %B %Y}.\n"
    )
    return message
