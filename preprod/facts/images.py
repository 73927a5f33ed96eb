"""Which images the engine holds."""

from __future__ import annotations

from collections.abc import Iterable

from pyinfra.api import FactBase, StringCommand
from typing_extensions import override

from preprod.facts.shell import script


class ImagesHeld(FactBase[set[str]]):
    """The asked-for references that the engine holds; none while there is no engine.

    :param references: image references.

    .. code:: python

        held = host.get_fact(ImagesHeld, references=["postgres:17.7-trixie"])
    """

    default = set

    @override
    def requires_command(self, *args: object, **kwargs: object) -> str:
        return "docker"

    @override
    def command(self, references: Iterable[str]) -> StringCommand:
        return script("images-held", *references)

    @override
    def process(self, output: list[str]) -> set[str]:
        return set(output)
