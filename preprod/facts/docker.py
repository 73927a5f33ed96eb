"""Facts that only a machine with Docker can have."""

from __future__ import annotations

from typing import TypeVar

from pyinfra.api import FactBase
from typing_extensions import override

T = TypeVar("T")


class DockerFact(FactBase[T]):
    """Asked where there is a Docker client; elsewhere a fact has its default."""

    abstract = True

    @override
    def requires_command(self, *args: object, **kwargs: object) -> str:
        return "docker"
