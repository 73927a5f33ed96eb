"""Migrations: bring the database to the newest revision, and tell where it stands."""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from socialize.database import connect_args, connection_failure, database_url
from socialize.settings import Settings

# Any fixed number will do, as long as nothing else in the database uses it: "soclze" in ASCII.
LOCK_KEY = 0x736F636C7A65
LOCK_TIMEOUT_SECONDS = 120

CURRENT_REVISION = text("SELECT version_num FROM alembic_version")


class MigrationError(RuntimeError):
    """One sentence that says why the database is not at the newest revision."""


def upgrade(settings: Settings) -> str:
    """Apply all outstanding migrations; of several callers at once, one works and the others wait for it.

    Returns:
        The revision that the database is at.
    Raises:
        MigrationError: the database cannot be reached, is newer than this version, or refuses a migration.
    """
    engine = create_engine(
        database_url(settings), connect_args=connect_args(0), poolclass=NullPool, hide_parameters=True
    )
    try:
        _upgrade_locked(engine)
    except CommandError as error:
        raise MigrationError("the database is at a revision that this version does not know") from error
    except OperationalError as error:
        raise MigrationError(connection_failure(error)) from error
    except SQLAlchemyError as error:
        raise MigrationError(f"the database refused a migration ({_sqlstate(error)})") from error
    return head()


def _upgrade_locked(engine: Engine) -> None:
    # The lock has a connection of its own: Alembic then rules its transactions alone, one for each migration.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
        guard.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
        guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        with engine.connect() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _sqlstate(error: SQLAlchemyError) -> str:
    return f"SQLSTATE {getattr(getattr(error, 'orig', None), 'sqlstate', None) or 'unknown'}"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "socialize:migrations")
    return config


@cache
def known_revisions() -> tuple[str, ...]:
    """All revisions that this version knows, newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def head() -> str:
    """The revision that this version needs."""
    return known_revisions()[0]
