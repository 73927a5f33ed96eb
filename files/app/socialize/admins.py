"""Administrators of the whole deployment: who runs it says who they are.

The role is given by the command `socialize admin`, which works with the database's password: on the host. No
request can give it, so nobody gets it who has not had the host already. It counts from the next request on.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import NullPool, create_engine, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from socialize import schema  # noqa: F401  (declares the tables that users refer to)
from socialize.database import connect_args, connection_failure, database_url
from socialize.logs import audit
from socialize.settings import Settings
from socialize.users import User, UserRole

TIMEOUT_MS = 5000


class AdminsError(RuntimeError):
    """One sentence that says why nothing was changed."""


def set_role(settings: Settings, email: str, role: UserRole) -> None:
    """Make a registered user an administrator, or a user like all others.

    Raises:
        AdminsError: there is no such user, or the database cannot be reached.
    """
    theirs = update(User).where(User.email == email.lower()).values(role=role).returning(User.id)
    with _database(settings) as db:
        changed = db.scalar(theirs)
        if not changed:
            raise AdminsError("nobody has registered with this e-mail address")
        db.commit()
    audit("role.granted" if role == "admin" else "role.revoked", "user", changed)


def administrators(settings: Settings) -> list[str]:
    """Their e-mail addresses.

    Raises:
        AdminsError: the database cannot be reached.
    """
    with _database(settings) as db:
        return list(db.scalars(select(User.email).where(User.role == "admin").order_by(User.email)))


@contextmanager
def _database(settings: Settings) -> Iterator[Session]:
    engine = create_engine(
        database_url(settings),
        connect_args=connect_args(TIMEOUT_MS),
        poolclass=NullPool,
        hide_parameters=True,
    )
    try:
        with Session(engine) as db:
            yield db
    except OperationalError as error:
        raise AdminsError(connection_failure(error)) from error
