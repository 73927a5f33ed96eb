"""Whether the database takes the passwords that the app and the exporter hold."""

from __future__ import annotations

from pyinfra.api import FactBase, StringCommand
from typing_extensions import override

from preprod.facts.shell import script


class Logins(FactBase[str]):
    """``accepted``, ``refused`` (one role at least: a wrong password, no such role), ``unknown`` (no database to ask).

    :param project: name of the Compose project.

    .. code:: python

        logins = host.get_fact(Logins, project="socialize")
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
