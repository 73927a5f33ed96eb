"""The roles in the database, the app's and the one that measures, follow the secrets that their readers hold."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from preprod.facts.database import Logins
from preprod.facts.shell import script


@operation()
def roles_follow_secrets(project: str) -> Generator[StringCommand, None, None]:
    """
    Each role has the password that lies in the secrets of the database and of the role's user: after a rotation the
    database learns the new one before anyone uses it. On a cluster without the role that measures, it is made.

    + project: name of the Compose project

    **Example:**

    .. code:: python

        database.roles_follow_secrets(name="Database | roles", project="socialize")
    """
    if host.get_fact(Logins, project=project) != "refused":
        host.noop("the database takes the passwords")
        return
    yield script("database-follow", project)
