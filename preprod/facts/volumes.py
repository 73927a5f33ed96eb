"""Named volumes: whether they exist, and who owns them."""

from __future__ import annotations

from collections.abc import Iterable

from pyinfra.api import StringCommand
from typing_extensions import override

from preprod.facts.docker import DockerFact
from preprod.facts.shell import script


class VolumeOwners(DockerFact[dict[str, str]]):
    """Volume name -> ``uid:gid`` of its top directory, for the volumes that exist.

    :param volumes: full volume names.

    .. code:: python

        owners = host.get_fact(VolumeOwners, volumes=["socialize_postgres-data"])
    """

    default = dict[str, str]

    @override
    def command(self, volumes: Iterable[str]) -> StringCommand:
        return script("volumes-look", *volumes)

    @override
    def process(self, output: list[str]) -> dict[str, str]:
        return dict(line.split(" ", 1) for line in output)
