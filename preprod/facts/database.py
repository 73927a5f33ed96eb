"""Whether the database takes the passwords that the app and the exporter hold."""

from __future__ import annotations

from pyinfra.api import StringCommand
from typing_extensions import override

from preprod.facts.docker import DockerFact
from preprod.facts.shell import script


class Logins(DockerFact[str]):
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
    def command(self, project: str) -> StringCommand:
        return script("database-login", project)
