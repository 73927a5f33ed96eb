"""Approval decisions about content items."""

import uuid
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from sqlalchemy import CheckConstraint, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from socialize.content_items import VisibleContentItem
from socialize.database import Base, CreatedAt, Db, PrimaryKey
from socialize.errors import COMMON, responses
from socialize.logs import audit
from socialize.schemas import Note, Page, Request, Response
from socialize.sessions import CurrentUser
from socialize.signals import DECISIONS

router = APIRouter(tags=["approvals"], responses=COMMON | responses(401, 404))

Decision = Literal["approved", "rejected"]


class ApprovalDecision(Base):
    """What somebody decided about a content item. Decisions are added, never changed; the newest counts."""

    __tablename__ = "approval_decisions"
    __table_args__ = (CheckConstraint("decision IN ('approved', 'rejected')", name="decision"),)

    id: Mapped[PrimaryKey]
    content_item_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("content_items.id", ondelete="CASCADE"), index=True
    )
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    decision: Mapped[Decision] = mapped_column(String)
    note: Mapped[str]
    created_at: Mapped[CreatedAt]


class NewApprovalDecision(Request):
    """A decision to be recorded."""

    decision: Decision
    note: Note = ""


class ApprovalDecisionView(Response):
    """A decision as members of the organization see it."""

    id: uuid.UUID
    content_item_id: uuid.UUID
    decided_by_id: uuid.UUID | None
    decision: Decision
    note: str
    created_at: datetime


class ApprovalDecisionList(Response):
    """One page of decisions."""

    items: list[ApprovalDecisionView]


@router.post("/api/content-items/{content_item_id}/decisions", status_code=201)
async def decide(
    new: NewApprovalDecision, item: VisibleContentItem, user: CurrentUser, db: Db
) -> ApprovalDecisionView:
    """Approve or reject a content item."""
    decision = ApprovalDecision(
        content_item_id=item.id, decided_by_id=user.id, decision=new.decision, note=new.note
    )
    db.add(decision)
    await db.commit()
    DECISIONS.add(new.decision)
    audit(f"content_item.{new.decision}", "content_item", item.id)
    return ApprovalDecisionView.model_validate(decision)


@router.get("/api/content-items/{content_item_id}/decisions")
async def list_approval_decisions(item: VisibleContentItem, db: Db, page: Page) -> ApprovalDecisionList:
    """The decisions about a content item."""
    theirs = select(ApprovalDecision).where(ApprovalDecision.content_item_id == item.id)
    in_order = theirs.order_by(ApprovalDecision.created_at, ApprovalDecision.id)
    rows = await db.scalars(in_order.limit(page.limit).offset(page.offset))
    return ApprovalDecisionList(items=[ApprovalDecisionView.model_validate(row) for row in rows])
