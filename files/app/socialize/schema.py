"""The whole database schema: importing this module declares every table."""

from socialize import (
    approvals,
    comments,
    content_items,
    feedback,
    heartbeats,
    invites,
    jobs,
    organizations,
    ratelimit,
    sessions,
    uploads,
    users,
    workspaces,
)
from socialize.database import Base

TABLE_MODULES = (
    users,
    sessions,
    organizations,
    workspaces,
    content_items,
    comments,
    approvals,
    feedback,
    invites,
    uploads,
    jobs,
    heartbeats,
    ratelimit,
)
metadata = Base.metadata
