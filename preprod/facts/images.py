"""Which images the engine holds, and which of ours it could do without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyinfra.api import StringCommand
from typing_extensions import override

from preprod.facts.docker import DockerFact
from preprod.facts.shell import script


class ImagesHeld(DockerFact[set[str]]):
    """The asked-for references that the engine holds; none while there is no engine.

    :param references: image references.

    .. code:: python

        held = host.get_fact(ImagesHeld, references=["postgres:17.7-trixie"])
    """

    default = set

    @override
    def command(self, references: Iterable[str]) -> StringCommand:
        return script("images-held", *references)

    @override
    def process(self, output: list[str]) -> set[str]:
        return set(output)


@dataclass(frozen=True)
class BuiltImages:
    """What this package built, as it lies on an engine."""

    used: Mapping[str, bool] = field(default_factory=dict)
    """Reference -> whether any container, running or not, was made of its image."""
    deployed: tuple[str, ...] = ()
    """References that deploys made use of, the latest last."""


class OwnImages(DockerFact[BuiltImages]):
    """Every image below a prefix of repositories; none while there is no engine.

    :param prefix: what stands before the first slash.

    .. code:: python

        found = host.get_fact(OwnImages, prefix="socialize-preprod")
    """

    default = BuiltImages

    @override
    def command(self, prefix: str) -> StringCommand:
        return script("images-own", prefix)

    @override
    def process(self, output: list[str]) -> BuiltImages:
        pairs = [line.split(" ", 1) for line in output]
        used = {reference: kind == "used" for kind, reference in pairs if kind != "deployed"}
        return BuiltImages(used, tuple(reference for kind, reference in pairs if kind == "deployed"))
