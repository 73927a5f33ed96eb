"""The app's database role follows the secret that its readers hold."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from preprod.facts.database import AppLogin
from preprod.facts.shell import script


@operation()
def role_follows_secret(project: str) -> Generator[StringCommand, None, None]:
    """
    The app's role has the password that lies in the secrets of the database and of the app: after a rotation the
    database learns the new one before the app uses it.

    + project: name of the Compose project

    **Example:**

    .. code:: python

        database.role_follows_secret(name="Database | role", project="socialize")
    """
    if host.get_fact(AppLogin, project=project) != "refused":
        host.noop("the database takes the app's password")
        return
    yield script("database-follow", project)
