"""How the copies of every secret lie on a host; values and their digests never leave it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping

from pyinfra.api import FactBase, StringCommand
from typing_extensions import override

from preprod.facts.shell import StandardInput, script
from preprod.secrets import Copy, Secret, SecretState


def supplied_on_stdin(given: Mapping[str, str]) -> StandardInput:
    """Supplied values in the form that :class:`Secrets` and the operation read from standard input."""
    lines = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in given.items())
    return StandardInput("\n".join(lines))


class Secrets(FactBase[dict[str, SecretState]]):
    """Secret name -> :class:`SecretState`, for those of which something lies on the host.

    :param secrets: the secrets to look for. Supplied values go to ``_stdin``, never into arguments.

    .. code:: python

        have = host.get_fact(Secrets, secrets=wanted(settings), _stdin=supplied_on_stdin(given))
    """

    default = dict

    @override
    def command(self, secrets: Iterable[Secret]) -> StringCommand:
        return script("secrets-look", *(f"{s.name}:{','.join(s.readers)}" for s in secrets))

    @override
    def process(self, output: list[str]) -> dict[str, SecretState]:
        versions: dict[str, tuple[int, int]] = {}
        copies: dict[str, dict[str, Copy]] = {}
        for line in output:
            kind, name, *rest = line.split()
            if kind == "version":
                versions[name] = (int(rest[0]), int(rest[1]))
            else:
                service, mode, uid, gid, first, given = rest
                copies.setdefault(name, {})[service] = Copy(
                    mode, int(uid), int(gid), same_as_first=first == "yes", same_as_supplied=given == "yes"
                )
        return {
            name: SecretState(*versions.get(name, (0, 0)), copies.get(name, {}))
            for name in versions.keys() | copies.keys()
        }


class SecretPaths(FactBase[list[str]]):
    """Everything that lies among the secrets: ``service`` and ``service/name``, whoever put it there.

    .. code:: python

        found = host.get_fact(SecretPaths)
    """

    default = list[str]

    @override
    def command(self) -> StringCommand:
        return script("secrets-list")

    @override
    def process(self, output: list[str]) -> list[str]:
        return output
