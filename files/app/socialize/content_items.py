"""Content items: the drafts that a workspace works on."""

import uuid
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from socialize.database import Base, CreatedAt, Db, PrimaryKey
from socialize.schemas import LongText, Name, Page, Request, Response
from socialize.sessions import CurrentUser
from socialize.workspaces import VisibleWorkspace

router = APIRouter(tags=["content-items"])


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


@router.post("/api/workspaces/{workspace_id}/content-items", status_code=201)
async def create_content_item(
    new: NewContentItem, workspace: VisibleWorkspace, user: CurrentUser, db: Db
) -> ContentItemView:
    """Make a content item; who makes it is its author."""
    item = ContentItem(workspace_id=workspace.id, author_id=user.id, title=new.title, body=new.body)
    db.add(item)
    await db.commit()
    return ContentItemView.model_validate(item)


@router.get("/api/workspaces/{workspace_id}/content-items")
async def list_content_items(workspace: VisibleWorkspace, db: Db, page: Page) -> ContentItemList:
    """The content items of a workspace."""
    theirs = select(ContentItem).where(ContentItem.workspace_id == workspace.id)
    in_order = theirs.order_by(ContentItem.created_at, ContentItem.id)
    rows = await db.scalars(in_order.limit(page.limit).offset(page.offset))
    return ContentItemList(items=[ContentItemView.model_validate(row) for row in rows])
