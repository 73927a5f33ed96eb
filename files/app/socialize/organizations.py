"""Organizations (the tenants) and their members."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from sqlalchemy import CheckConstraint, ForeignKey, Select, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from socialize.database import Base, CreatedAt, Db, PrimaryKey
from socialize.errors import COMMON, ApiError, responses
from socialize.logs import audit, remember
from socialize.schemas import Name, Page, Request, Response
from socialize.sessions import CurrentUser
from socialize.signals import ORGANIZATIONS
from socialize.users import User

router = APIRouter(tags=["organizations"], responses=COMMON | responses(401))

InvitedRole = Literal["admin", "member"]
Role = Literal["owner"] | InvitedRole


class Organization(Base):
    """A tenant: nothing of it can be seen by anybody who is not a member."""

    __tablename__ = "organizations"

    id: Mapped[PrimaryKey]
    name: Mapped[str]
    created_at: Mapped[CreatedAt]


class Membership(Base):
    """That a user belongs to an organization, and as what."""

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint("role IN ('owner', 'admin', 'member')", name="role"),)

    organization_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[Role] = mapped_column(String)
    created_at: Mapped[CreatedAt]


class NewOrganization(Request):
    """An organization to be made."""

    name: Name


class OrganizationView(Response):
    """An organization as its members see it."""

    id: uuid.UUID
    name: str
    created_at: datetime


class OrganizationList(Response):
    """One page of organizations."""

    items: list[OrganizationView]


def organizations_of(user_id: uuid.UUID) -> Select[Organization]:
    """The query for the organizations that a user is a member of."""
    mine = (Membership.organization_id == Organization.id) & (Membership.user_id == user_id)
    return select(Organization).join(Membership, mine)


async def _visible_organization(organization_id: uuid.UUID, user: CurrentUser, db: Db) -> Organization:
    found = await db.scalar(organizations_of(user.id).where(Organization.id == organization_id))
    if not found:
        raise ApiError(404, "There is no such organization.")
    remember("org_id", found.id)
    return found


VisibleOrganization = Annotated[Organization, Depends(_visible_organization)]
"""The organization that the path names; 404 when it is not there or the user is not a member."""


async def require_manager(db: AsyncSession, organization_id: uuid.UUID, user: User) -> None:
    """Refuse with 403 whoever is neither owner nor admin of the organization."""
    membership = await db.get(Membership, (organization_id, user.id))
    if not membership or membership.role == "member":
        raise ApiError(403, "Only owners and admins of the organization may do that.")


@router.post("/api/organizations", status_code=201)
async def create_organization(new: NewOrganization, user: CurrentUser, db: Db) -> OrganizationView:
    """Make an organization; who makes it owns it."""
    organization = Organization(id=uuid.uuid4(), name=new.name)
    db.add(organization)
    await db.flush()
    db.add(Membership(organization_id=organization.id, user_id=user.id, role="owner"))
    await db.commit()
    remember("org_id", organization.id)
    ORGANIZATIONS.add()
    audit("organization.created", "organization", organization.id)
    return OrganizationView.model_validate(organization)


@router.get("/api/organizations")
async def list_organizations(user: CurrentUser, db: Db, page: Page) -> OrganizationList:
    """The organizations that the user is a member of."""
    in_order = organizations_of(user.id).order_by(Organization.created_at, Organization.id)
    rows = await db.scalars(in_order.limit(page.limit).offset(page.offset))
    return OrganizationList(items=[OrganizationView.model_validate(row) for row in rows])
