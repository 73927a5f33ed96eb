"""Who has an account in Grafana."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from pyinfra.api import FactBase, StringCommand
from typing_extensions import override

from preprod.facts.shell import script


@dataclass(frozen=True)
class Person:
    """Somebody who may log in."""

    identifier: int
    role: str
    """As Grafana says it: ``Viewer``, ``Editor``, ``Admin`` or ``None``."""


@dataclass(frozen=True)
class People:
    """What Grafana answers to its administrator."""

    status: int = 0
    """HTTP status; 0 where nobody answers."""
    members: dict[str, Person] = field(default_factory=dict)
    """Log-in name -> person."""


class GrafanaPeople(FactBase[People]):
    """Everybody in Grafana's one organization, asked for with the administrator's password on the host.

    :param project: name of the Compose project.

    .. code:: python

        people = host.get_fact(GrafanaPeople, project="socialize")
    """

    default = People

    @override
    def requires_command(self, *args: object, **kwargs: object) -> str:
        return "docker"

    @override
    def command(self, project: str) -> StringCommand:
        return script("grafana-people", project)

    @override
    def process(self, output: list[str]) -> People:
        if not output:
            return People()
        status, body = int(output[0]), "\n".join(output[1:])
        listed = json.loads(body) if status == 200 else []
        return People(status, {one["login"]: Person(one["userId"], one["role"]) for one in listed})
