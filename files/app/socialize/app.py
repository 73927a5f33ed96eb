"""The ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker

from socialize import (
    approvals,
    comments,
    content_items,
    feedback,
    health,
    invites,
    organizations,
    sessions,
    uploads,
    users,
    vitals,
    workspaces,
)
from socialize.about import VERSION
from socialize.blobs import open_blobs
from socialize.database import open_engine
from socialize.errors import install_error_handlers
from socialize.logs import log_loop_exception
from socialize.middleware import BodyLimit, RequestContext
from socialize.ops import routes as operations
from socialize.ops.watching import Watchers
from socialize.queue_signals import QueueWatch
from socialize.settings import Settings

NOUNS = (
    users,
    sessions,
    organizations,
    workspaces,
    content_items,
    comments,
    approvals,
    uploads,
    invites,
    feedback,
    vitals,
    operations,
    health,
)
TAGS = [
    {"name": "auth", "description": "Registration, log-in, log-out."},
    {"name": "organizations", "description": "The tenants."},
    {"name": "workspaces", "description": "The rooms of an organization."},
    {"name": "content-items", "description": "The drafts that a workspace works on."},
    {"name": "comments", "description": "What is said about a content item."},
    {"name": "approvals", "description": "What is decided about a content item."},
    {"name": "uploads", "description": "Files of a workspace."},
    {"name": "invites", "description": "How more people get in."},
    {"name": "feedback", "description": "Bugs and ideas."},
    {"name": "vitals", "description": "Measurements of browsers."},
    {"name": "operations", "description": "How the deployment is, for its administrators."},
    {"name": "health", "description": "For programs that watch over this one."},
]


def create_app(settings: Settings, *, measuring: bool = False) -> FastAPI:
    """Build the application; nothing is connected to before the first request.

    Args:
        settings: of the app.
        measuring: whether metrics are exported; without, the queue need not be watched.
    """
    # The interactive pages would load scripts from elsewhere; the description itself stays.
    app = FastAPI(
        title="Socialize",
        version=VERSION,
        openapi_url="/api/openapi.json",
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan,
        # Ours instead: see `http_signals`.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.settings = settings
    app.state.measuring = measuring
    app.state.blobs = open_blobs(settings)
    app.state.readiness = health.Readiness(settings, app.state.blobs)
    for noun in NOUNS:
        app.include_router(noun.router)
    install_error_handlers(app)
    app.add_middleware(BodyLimit, upload_max_bytes=settings.upload_max_bytes)
    app.add_middleware(RequestContext)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    asyncio.get_running_loop().set_exception_handler(log_loop_exception)
    engine = open_engine(app.state.settings)
    # Rows are shown after the commit; expiring them would cost a second query each.
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    app.state.watchers = Watchers(app.state.settings)
    watch = asyncio.create_task(QueueWatch(app.state.sessions).run()) if app.state.measuring else None
    yield
    if watch:
        watch.cancel()
    await app.state.watchers.close()
    await engine.dispose()
