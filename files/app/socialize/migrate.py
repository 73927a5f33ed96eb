"""Migrations: bring the database to the newest revision, and tell where it stands.

The rule that they keep, so that the previous release can serve beside them, stands in `socialize.migrations`.
"""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, NullPool, create_engine, inspect, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from socialize.database import connect_args, connection_failure, database_url
from socialize.settings import Settings

# Any fixed number will do, as long as nothing else in the database uses it: "soclze" in ASCII.
LOCK_KEY = 0x736F636C7A65
LOCK_TIMEOUT_SECONDS = 120

REVISIONS = "alembic_version"
CURRENT_REVISION = text(f"SELECT version_num FROM {REVISIONS}")  # noqa: S608


class MigrationError(RuntimeError):
    """One sentence that says why the database is not at the newest revision."""


def upgrade(settings: Settings) -> str:
    """Apply all outstanding migrations; of several callers at once, one works and the others wait for it.

    A database that is newer than this version is left as it is: the version before it can serve on it, which
    is what a rollback needs.

    Returns:
        The revision that the database is at.
    Raises:
        MigrationError: the database cannot be reached, is at a revision that is neither known nor newer, or
            refuses a migration.
    """
    engine = create_engine(
        database_url(settings), connect_args=connect_args(0), poolclass=NullPool, hide_parameters=True
    )
    try:
        return _upgrade_locked(engine)
    except CommandError as error:
        raise MigrationError("the database is at a revision that this version does not know") from error
    except OperationalError as error:
        raise MigrationError(connection_failure(error)) from error
    except SQLAlchemyError as error:
        raise MigrationError(f"the database refused a migration ({_sqlstate(error)})") from error


def _upgrade_locked(engine: Engine) -> str:
    # The lock has a connection of its own: Alembic then rules its transactions alone, one for each migration.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
        guard.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
        guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        found: str | None = guard.scalar(CURRENT_REVISION) if inspect(guard).has_table(REVISIONS) else None
        if found and is_newer(found):
            return found
        with engine.connect() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return head()


def _sqlstate(error: SQLAlchemyError) -> str:
    return f"SQLSTATE {getattr(getattr(error, 'orig', None), 'sqlstate', None) or 'unknown'}"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "socialize:migrations")
    return config


@cache
def head() -> str:
    """The revision that this version needs."""
    return ScriptDirectory.from_config(_config()).get_heads()[0]


def is_newer(revision: str) -> bool:
    """Whether a later version made this revision: revisions are numbers that count up."""
    return revision.isdecimal() and int(revision) > int(head())
