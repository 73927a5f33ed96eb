"""The Docker Engine of a host, as far as this package cares for it."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from pyinfra.api import FactBase, StringCommand
from typing_extensions import override

from preprod.facts.shell import script


@dataclass(frozen=True)
class EngineState:
    """What is installed, what runs, and what was begun and not finished."""

    installed: bool = False
    running: bool = False
    enabled: bool = True
    daemon_json: str = ""
    restart_pending: bool = False
    """A new daemon.json was put in place and the daemon has not restarted since."""
    compose_sha256: str = ""
    systemd: bool = False
    limits_can_rise: bool = True
    """Whether root may raise the limits that the init script asks for."""


class Engine(FactBase[EngineState]):
    """State of the Docker Engine, of its configuration file, or of the Compose plugin.

    :param about: ``service``, ``configuration`` or ``compose``; the fields of the others keep their defaults.

    .. code:: python

        engine = host.get_fact(Engine, about="service")
    """

    default = EngineState

    @override
    def command(self, about: str) -> StringCommand:
        return script("engine-look", about)

    @override
    def process(self, output: list[str]) -> EngineState:
        found = dict(line.partition(" ")[::2] for line in output)
        return EngineState(
            installed="installed" in found,
            running="running" in found,
            enabled="disabled" not in found,
            daemon_json=base64.b64decode(found.get("daemon", "")).decode(),
            restart_pending="pending" in found,
            compose_sha256=found.get("compose", ""),
            systemd="systemd" in found,
            limits_can_rise="limits" not in found,
        )
