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
    workspaces,
)
from socialize.about import VERSION
from socialize.blobs import open_blobs
from socialize.database import open_engine
from socialize.errors import install_error_handlers
from socialize.logs import log_loop_exception
from socialize.middleware import BodyLimit, RequestContext
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
    health,
)


def create_app(settings: Settings) -> FastAPI:
    """Build the application; nothing is connected to before the first request."""
    # The interactive pages would load scripts from elsewhere; the description itself stays.
    app = FastAPI(
        title="Socialize",
        version=VERSION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan,
    )
    app.state.settings = settings
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
    yield
    await engine.dispose()
