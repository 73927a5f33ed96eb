"""Comments, decisions, feedback, invites, uploads; jobs, heartbeats, rate limits; the role admin.

Only additions: version 0.1 goes on working beside it.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHECK = "ck_memberships_role"
# 0001 did not mark its name as final, and so the naming convention was applied to it once more.
CHECK_BEFORE = "ck_memberships_ck_memberships_role"


def upgrade() -> None:
    op.drop_constraint(op.f(CHECK_BEFORE), "memberships")
    op.create_check_constraint(op.f(CHECK), "memberships", "role IN ('owner', 'admin', 'member')")
    role = sa.Column("role", sa.String(), server_default="user", nullable=False)
    op.add_column("users", role)
    op.create_check_constraint(op.f("ck_users_role"), "users", "role IN ('user', 'admin')")
    _comments_and_decisions()
    _feedback_and_uploads()
    _invites()
    _jobs()
    _rate_limits_and_heartbeats()


def downgrade() -> None:
    tables = ("worker_heartbeats", "rate_limits", "jobs", "invites", "uploads", "feedback_reports")
    for table in (*tables, "approval_decisions", "comments"):
        op.drop_table(table)
    op.drop_column("users", "role")
    op.execute("UPDATE memberships SET role = 'member' WHERE role = 'admin'")
    op.drop_constraint(op.f(CHECK), "memberships")
    op.create_check_constraint(op.f(CHECK_BEFORE), "memberships", "role IN ('owner', 'member')")


def _comments_and_decisions() -> None:
    op.create_table(
        "comments",
        *_id_and_created_at("comments"),
        *_reference("comments", "content_item_id", "content_items"),
        *_author("comments", "author_id"),
        sa.Column("body", sa.String(), nullable=False),
    )
    op.create_table(
        "approval_decisions",
        *_id_and_created_at("approval_decisions"),
        *_reference("approval_decisions", "content_item_id", "content_items"),
        *_author("approval_decisions", "decided_by_id"),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.CheckConstraint(
            "decision IN ('approved', 'rejected')", name=op.f("ck_approval_decisions_decision")
        ),
    )
    _index("comments", "content_item_id", "author_id")
    _index("approval_decisions", "content_item_id", "decided_by_id")


def _feedback_and_uploads() -> None:
    op.create_table(
        "feedback_reports",
        *_id_and_created_at("feedback_reports"),
        *_author("feedback_reports", "author_id"),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.CheckConstraint("type IN ('bug', 'idea')", name=op.f("ck_feedback_reports_type")),
    )
    op.create_table(
        "uploads",
        *_id_and_created_at("uploads"),
        *_reference("uploads", "workspace_id", "workspaces"),
        *_author("uploads", "author_id"),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
    )
    _index("feedback_reports", "author_id")
    _index("uploads", "workspace_id", "author_id")


def _invites() -> None:
    op.create_table(
        "invites",
        *_id_and_created_at("invites"),
        *_reference("invites", "workspace_id", "workspaces"),
        *_author("invites", "invited_by_id"),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        _instant("expires_at"),
        _instant("sent_at", nullable=True),
        sa.UniqueConstraint("workspace_id", "email", name="uq_invites_workspace_id_email"),
        sa.UniqueConstraint("token_sha256", name="uq_invites_token_sha256"),
        sa.CheckConstraint("role IN ('admin', 'member')", name=op.f("ck_invites_role")),
    )
    _index("invites", "invited_by_id")


def _jobs() -> None:
    op.create_table(
        "jobs",
        *_id_and_created_at("jobs"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", JSONB(), nullable=False),
        sa.Column("visible_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        _instant("taken_at", nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        _instant("died_at", nullable=True),
        sa.Column("schedule", sa.Text(), nullable=True),
        sa.Column("correlation_id", sa.String(), server_default="-", nullable=False),
        sa.Column("traceparent", sa.String(), nullable=True),
        sa.UniqueConstraint("schedule", name="uq_jobs_schedule"),
    )
    op.create_index("ix_jobs_visible_at", "jobs", ["visible_at"], postgresql_where=sa.text("died_at IS NULL"))


def _rate_limits_and_heartbeats() -> None:
    op.create_table(
        "rate_limits",
        sa.Column("key_sha256", sa.LargeBinary(), nullable=False),
        _instant("arrival_at"),
        sa.PrimaryKeyConstraint("key_sha256", name="pk_rate_limits"),
    )
    op.create_table(
        "worker_heartbeats",
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        _instant("beat_at"),
        sa.PrimaryKeyConstraint("worker_id", name="pk_worker_heartbeats"),
    )


def _id_and_created_at(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    key = sa.PrimaryKeyConstraint("id", name=f"pk_{table}")
    now = sa.text("now()")
    created_at = sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False)
    return sa.Column("id", sa.Uuid(), nullable=False), key, created_at


def _instant(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _reference(
    table: str, column: str, target: str, on_delete: str = "CASCADE", *, nullable: bool = False
) -> tuple[sa.schema.SchemaItem, ...]:
    name = f"fk_{table}_{column}"
    key = sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=on_delete)
    return sa.Column(column, sa.Uuid(), nullable=nullable), key


def _author(table: str, column: str) -> tuple[sa.schema.SchemaItem, ...]:
    return _reference(table, column, "users", "SET NULL", nullable=True)


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])
