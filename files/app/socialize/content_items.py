"""Content items: the drafts that a workspace works on."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from socialize.database import Base, CreatedAt, Db, PrimaryKey
from socialize.errors import COMMON, ApiError, responses
from socialize.logs import audit, remember
from socialize.schemas import LongText, Name, Page, Request, Response
from socialize.sessions import CurrentUser
from socialize.signals import CONTENT_ITEMS
from socialize.workspaces import VisibleWorkspace, Workspace, workspaces_of

router = APIRouter(tags=["content-items"], responses=COMMON | responses(401, 404))


class ContentItem(Base):
    """A draft. It outlives its author's account."""

    __tablename__ = "content_items"

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    author_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    title: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[CreatedAt]


class NewContentItem(Request):
    """A content item to be made."""

    title: Name
    body: LongText = ""


class ContentItemView(Response):
    """A content item as members of its organization see it."""

    id: uuid.UUID
    workspace_id: uuid.UUID
    author_id: uuid.UUID | None
    title: str
    body: str
    created_at: datetime


class ContentItemList(Response):
    """One page of content items."""

    items: list[ContentItemView]


async def _visible_content_item(content_item_id: uuid.UUID, user: CurrentUser, db: Db) -> ContentItem:
    mine = workspaces_of(user.id).with_only_columns(Workspace.id, Workspace.organization_id).subquery()
    seen = select(ContentItem, mine.c.organization_id).join(mine, mine.c.id == ContentItem.workspace_id)
    found = (await db.execute(seen.where(ContentItem.id == content_item_id))).one_or_none()
    if not found:
        raise ApiError(404, "There is no such content item.")
    remember("org_id", found.organization_id)
    item: ContentItem = found.ContentItem
    return item


VisibleContentItem = Annotated[ContentItem, Depends(_visible_content_item)]
"""The content item that the path names; 404 when it is not there or not for this user to see."""


@router.post("/api/workspaces/{workspace_id}/content-items", status_code=201)
async def create_content_item(
    new: NewContentItem, workspace: VisibleWorkspace, user: CurrentUser, db: Db
) -> ContentItemView:
    """Make a content item; who makes it is its author."""
    item = ContentItem(workspace_id=workspace.id, author_id=user.id, title=new.title, body=new.body)
    db.add(item)
    await db.commit()
    CONTENT_ITEMS.add()
    audit("content_item.created", "content_item", item.id)
    return ContentItemView.model_validate(item)


@router.get("/api/workspaces/{workspace_id}/content-items")
async def list_content_items(workspace: VisibleWorkspace, db: Db, page: Page) -> ContentItemList:
    """The content items of a workspace."""
    theirs = select(ContentItem).where(ContentItem.workspace_id == workspace.id)
    in_order = theirs.order_by(ContentItem.created_at, ContentItem.id)
    rows = await db.scalars(in_order.limit(page.limit).offset(page.offset))
    return ContentItemList(items=[ContentItemView.model_validate(row) for row in rows])
