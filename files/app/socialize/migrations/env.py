"""How Alembic runs migrations: on the connection of `socialize.migrate`, or on its own for `alembic`."""

from alembic import context
from sqlalchemy import Connection, NullPool, create_engine

from socialize.database import database_url
from socialize.schema import metadata
from socialize.settings import load_settings


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with create_engine(database_url(load_settings()), poolclass=NullPool).connect() as own:
        _run(own)
