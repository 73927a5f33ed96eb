"""Feedback about Socialize itself: bugs and ideas."""

import uuid
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from socialize.database import Base, CreatedAt, Db, PrimaryKey
from socialize.errors import COMMON, responses
from socialize.logs import audit
from socialize.schemas import Request, Response, SomeText
from socialize.sessions import CurrentUser
from socialize.signals import FEEDBACK

router = APIRouter(tags=["feedback"], responses=COMMON | responses(401))

Type = Literal["bug", "idea"]


class FeedbackReport(Base):
    """What somebody wants us to know. It outlives its author's account."""

    __tablename__ = "feedback_reports"
    __table_args__ = (CheckConstraint("type IN ('bug', 'idea')", name="type"),)

    id: Mapped[PrimaryKey]
    author_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    type: Mapped[Type] = mapped_column(String)
    message: Mapped[str]
    created_at: Mapped[CreatedAt]


class NewFeedbackReport(Request):
    """Feedback to be given."""

    type: Type
    message: SomeText


class FeedbackReportView(Response):
    """A report as its author sees it."""

    id: uuid.UUID
    author_id: uuid.UUID | None
    type: Type
    message: str
    created_at: datetime


@router.post("/api/feedback", status_code=201)
async def report_feedback(new: NewFeedbackReport, user: CurrentUser, db: Db) -> FeedbackReportView:
    """Report a bug or an idea."""
    report = FeedbackReport(author_id=user.id, type=new.type, message=new.message)
    db.add(report)
    await db.commit()
    FEEDBACK.add(new.type)
    audit("feedback.reported", "feedback_report", report.id)
    return FeedbackReportView.model_validate(report)
