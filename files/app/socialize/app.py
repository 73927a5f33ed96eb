"""The ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from socialize import content_items, health, organizations, sessions, users, workspaces
from socialize.about import VERSION
from socialize.database import STATEMENT_TIMEOUT_MS, connect_args, database_url
from socialize.errors import install_error_handlers
from socialize.logs import log_loop_exception
from socialize.middleware import BodyLimit, RequestContext
from socialize.settings import Settings

POOL_WAIT_SECONDS = 5


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
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.readiness = health.Readiness(settings)
    for noun in (users, sessions, organizations, workspaces, content_items, health):
        app.include_router(noun.router)
    install_error_handlers(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(RequestContext)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    asyncio.get_running_loop().set_exception_handler(log_loop_exception)
    settings: Settings = app.state.settings
    engine = create_async_engine(
        database_url(settings),
        connect_args=connect_args(STATEMENT_TIMEOUT_MS),
        pool_size=settings.db_pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    # Rows are shown after the commit; expiring them would cost a second query each.
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    yield
    await engine.dispose()
