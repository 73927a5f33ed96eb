"""Users, sessions, organizations, memberships, workspaces, content items."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _users_and_sessions()
    _organizations_and_memberships()
    _workspaces_and_content_items()


def downgrade() -> None:
    for table in ("content_items", "workspaces", "memberships", "organizations", "sessions", "users"):
        op.drop_table(table)


def _users_and_sessions() -> None:
    op.create_table(
        "users",
        *_id_and_created_at("users"),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_sessions"),
        *_reference("sessions", "user_id", "users", "CASCADE"),
        _created_at(),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])


def _organizations_and_memberships() -> None:
    op.create_table(
        "organizations",
        *_id_and_created_at("organizations"),
        sa.Column("name", sa.String(), nullable=False),
    )
    op.create_table(
        "memberships",
        *_reference("memberships", "organization_id", "organizations", "CASCADE"),
        *_reference("memberships", "user_id", "users", "CASCADE"),
        sa.Column("role", sa.String(), nullable=False),
        _created_at(),
        sa.PrimaryKeyConstraint("organization_id", "user_id", name="pk_memberships"),
        sa.CheckConstraint("role IN ('owner', 'member')", name="ck_memberships_role"),
    )
    op.create_index("ix_memberships_user_id", "memberships", ["user_id"])


def _workspaces_and_content_items() -> None:
    op.create_table(
        "workspaces",
        *_id_and_created_at("workspaces"),
        *_reference("workspaces", "organization_id", "organizations", "CASCADE"),
        sa.Column("name", sa.String(), nullable=False),
        sa.UniqueConstraint("organization_id", "name", name="uq_workspaces_organization_id_name"),
    )
    op.create_table(
        "content_items",
        *_id_and_created_at("content_items"),
        *_reference("content_items", "workspace_id", "workspaces", "CASCADE"),
        *_reference("content_items", "author_id", "users", "SET NULL", nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
    )
    op.create_index("ix_content_items_workspace_id", "content_items", ["workspace_id"])
    op.create_index("ix_content_items_author_id", "content_items", ["author_id"])


def _id_and_created_at(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    key = sa.PrimaryKeyConstraint("id", name=f"pk_{table}")
    return sa.Column("id", sa.Uuid(), nullable=False), key, _created_at()


def _created_at() -> "sa.Column[Any]":
    now = sa.text("now()")
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False)


def _reference(
    table: str, column: str, target: str, on_delete: str, *, nullable: bool = False
) -> tuple[sa.schema.SchemaItem, ...]:
    name = f"fk_{table}_{column}"
    key = sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=on_delete)
    return sa.Column(column, sa.Uuid(), nullable=nullable), key
