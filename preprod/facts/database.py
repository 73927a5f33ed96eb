"""Whether the database takes the password that the app holds."""

from __future__ import annotations

from pyinfra.api import StringCommand
from typing_extensions import override

from preprod.facts.docker import DockerFact
from preprod.facts.shell import script


class AppLogin(DockerFact[str]):
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
    def command(self, project: str) -> StringCommand:
        return script("database-login", project)
