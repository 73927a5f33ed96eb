"""Comments on content items."""

import uuid
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from socialize.content_items import VisibleContentItem
from socialize.database import Base, CreatedAt, Db, PrimaryKey
from socialize.errors import COMMON, responses
from socialize.logs import audit
from socialize.schemas import Page, Request, Response, SomeText
from socialize.sessions import CurrentUser
from socialize.signals import COMMENTS

router = APIRouter(tags=["comments"], responses=COMMON | responses(401, 404))


class Comment(Base):
    """What somebody says about a content item. It outlives its author's account."""

    __tablename__ = "comments"

    id: Mapped[PrimaryKey]
    content_item_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("content_items.id", ondelete="CASCADE"), index=True
    )
    author_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    body: Mapped[str]
    created_at: Mapped[CreatedAt]


class NewComment(Request):
    """A comment to be made."""

    body: SomeText


class CommentView(Response):
    """A comment as members of its organization see it."""

    id: uuid.UUID
    content_item_id: uuid.UUID
    author_id: uuid.UUID | None
    body: str
    created_at: datetime


class CommentList(Response):
    """One page of comments."""

    items: list[CommentView]


@router.post("/api/content-items/{content_item_id}/comments", status_code=201)
async def create_comment(new: NewComment, item: VisibleContentItem, user: CurrentUser, db: Db) -> CommentView:
    """Say something about a content item."""
    comment = Comment(content_item_id=item.id, author_id=user.id, body=new.body)
    db.add(comment)
    await db.commit()
    COMMENTS.add()
    audit("comment.created", "comment", comment.id)
    return CommentView.model_validate(comment)


@router.get("/api/content-items/{content_item_id}/comments")
async def list_comments(item: VisibleContentItem, db: Db, page: Page) -> CommentList:
    """The comments on a content item."""
    theirs = select(Comment).where(Comment.content_item_id == item.id)
    in_order = theirs.order_by(Comment.created_at, Comment.id)
    rows = await db.scalars(in_order.limit(page.limit).offset(page.offset))
    return CommentList(items=[CommentView.model_validate(row) for row in rows])
