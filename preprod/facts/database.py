"""Whether the database takes the password that the app holds."""

from __future__ import annotations

from pyinfra.api import FactBase, StringCommand
from typing_extensions import override

from preprod.facts.shell import script


class AppLogin(FactBase[str]):
    """``accepted``, ``refused`` (wrong password or no such role), or ``unknown`` (no database to ask).

    :param project: name of the Compose project.

    .. code:: python

        login = host.get_fact(AppLogin, project="socialize")
    """

    @staticmethod
    @override
    def default() -> str:
        return "unknown"

    @override
    def requires_command(self, *args: object, **kwargs: object) -> str:
        return "docker"

    @override
    def command(self, project: str) -> StringCommand:
        return script("database-login", project)
