"""The whole database schema: importing this module declares every table."""

from socialize import content_items, organizations, sessions, users, workspaces
from socialize.database import Base

TABLE_MODULES = (users, sessions, organizations, workspaces, content_items)
metadata = Base.metadata
