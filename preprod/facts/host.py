"""The look at a host before anything is touched."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from pyinfra.api import FactBase, StringCommand
from typing_extensions import override

from preprod.facts.shell import script
from preprod.preflight import HostState


class Look(FactBase[HostState]):
    """Everything that the preflight judges, as one :class:`HostState`.

    :param images: references to look for on the engine.
    :param registry: those of them that a registry should have; looked up there when the engine lacks them.

    .. code:: python

        state = host.get_fact(Look, images=["postgres:17.7-trixie"], registry=["postgres:17.7-trixie"])
    """

    @override
    def command(self, images: Iterable[str] = (), registry: Iterable[str] = ()) -> StringCommand:
        return script("host-look", " ".join(registry), *images)

    @override
    def process(self, output: list[str]) -> HostState:
        found: dict[str, list[str]] = {}
        for line in output:
            kind, _, value = line.partition(" ")
            found.setdefault(kind, []).append(value)

        def one(kind: str) -> str:
            return found.get(kind, [""])[0]

        system, _, release = one("os").partition(" ")
        return HostState(
            os=system,
            release=release,
            machine=one("machine"),
            uid=int(one("uid")),
            disk_free_bytes=int(one("disk")) * 1024,
            engine_version=one("engine"),
            engine_root=one("root"),
            daemon_json=base64.b64decode(one("daemon")).decode(errors="replace"),
            listening=frozenset(int(port, 16) for port in found.get("listen", [])),
            own_ports=frozenset(map(int, found.get("own", []))),
            images=frozenset(found.get("image", [])),
            unreachable_images=frozenset(found.get("unreachable", [])),
            firewall="firewall" in found,
        )
