"""Workspaces: the rooms of an organization."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import ForeignKey, Select, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from socialize.database import Base, CreatedAt, Db, PrimaryKey
from socialize.errors import COMMON, ApiError, responses
from socialize.logs import audit, remember
from socialize.organizations import Organization, VisibleOrganization, organizations_of
from socialize.schemas import Name, Page, Request, Response
from socialize.sessions import CurrentUser
from socialize.signals import WORKSPACES

router = APIRouter(tags=["workspaces"], responses=COMMON | responses(401, 404))


class Workspace(Base):
    """A room of an organization; its name is unique there."""

    __tablename__ = "workspaces"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    id: Mapped[PrimaryKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    name: Mapped[str]
    created_at: Mapped[CreatedAt]


class NewWorkspace(Request):
    """A workspace to be made."""

    name: Name


class WorkspaceView(Response):
    """A workspace as members of its organization see it."""

    id: uuid.UUID
    organization_id: uuid.UUID
    name: str
    created_at: datetime


class WorkspaceList(Response):
    """One page of workspaces."""

    items: list[WorkspaceView]


def workspaces_of(user_id: uuid.UUID) -> Select[Workspace]:
    """The query for the workspaces of the organizations that a user is a member of."""
    mine = organizations_of(user_id).with_only_columns(Organization.id)
    return select(Workspace).where(Workspace.organization_id.in_(mine))


async def _visible_workspace(workspace_id: uuid.UUID, user: CurrentUser, db: Db) -> Workspace:
    found = await db.scalar(workspaces_of(user.id).where(Workspace.id == workspace_id))
    if not found:
        raise ApiError(404, "There is no such workspace.")
    remember("org_id", found.organization_id)
    return found


VisibleWorkspace = Annotated[Workspace, Depends(_visible_workspace)]
"""The workspace that the path names; 404 when it is not there or not for this user to see."""


@router.post("/api/organizations/{organization_id}/workspaces", status_code=201, responses=responses(409))
async def create_workspace(new: NewWorkspace, organization: VisibleOrganization, db: Db) -> WorkspaceView:
    """Make a workspace. 409 when the organization has one of that name."""
    workspace = Workspace(organization_id=organization.id, name=new.name)
    db.add(workspace)
    try:
        await db.commit()
    except IntegrityError:
        raise ApiError(409, "The organization has a workspace of that name already.") from None
    WORKSPACES.add()
    audit("workspace.created", "workspace", workspace.id)
    return WorkspaceView.model_validate(workspace)


@router.get("/api/organizations/{organization_id}/workspaces")
async def list_workspaces(organization: VisibleOrganization, db: Db, page: Page) -> WorkspaceList:
    """The workspaces of an organization."""
    theirs = select(Workspace).where(Workspace.organization_id == organization.id)
    in_order = theirs.order_by(Workspace.created_at, Workspace.id)
    rows = await db.scalars(in_order.limit(page.limit).offset(page.offset))
    return WorkspaceList(items=[WorkspaceView.model_validate(row) for row in rows])
