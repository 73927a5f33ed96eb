"""Named volumes, owned by the uid that writes to them before anything starts."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api import StringCommand, operation

from preprod.facts.shell import script
from preprod.facts.volumes import VolumeOwners


@operation()
def owned(project: str, volumes: Mapping[str, str]) -> Generator[StringCommand, None, None]:
    """
    The project's named volumes exist, and their top directories belong to the given owners.

    + project: Compose project, the prefix of the volumes' full names
    + volumes: volume -> ``uid:gid``

    **Example:**

    .. code:: python

        volumes.owned(name="Volumes | owners", project="socialize", volumes={"postgres-data": "999:999"})
    """
    found = host.get_fact(VolumeOwners, volumes=[f"{project}_{volume}" for volume in volumes])
    wrong = {v: owner for v, owner in volumes.items() if found.get(f"{project}_{v}") != owner}
    if not wrong:
        host.noop(f"{len(volumes)} volumes have their owners")
    for volume, owner in wrong.items():
        host.log(f"volume {project}_{volume}: {found.get(f'{project}_{volume}', 'create')} -> {owner}")
    for volume, owner in wrong.items():
        yield script("volumes-own", project, volume, owner)
