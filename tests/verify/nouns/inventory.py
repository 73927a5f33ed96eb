"""The hosts to verify, from the inventory that pyinfra deployed to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from verify.nouns.errors import NotVerifiable

ROOT = Path(__file__).parents[3]
"""The checkout; pyinfra runs here, so that it finds ``group_data``."""


@dataclass(frozen=True)
class InventoryHost:
    """A host as the inventory names it, with the data that pyinfra merged for it."""

    name: str
    groups: frozenset[str]
    data: Mapping[str, Any]

    def matches(self, limit: str) -> bool:
        """Whether ``--limit`` means this host: a group's name, or a pattern of host names."""
        return limit in self.groups or fnmatch(self.name, limit)


def selected(inventory: str, limits: Sequence[str], directory: Path) -> list[InventoryHost]:
    """The hosts of an inventory, cut down to those that one of the limits means.

    :param inventory: path of an inventory (relative to ``directory`` or to the checkout), or host names.
    :param limits: as pyinfra's ``--limit``; none means every host.
    :param directory: where the command was called.
    :raises NotVerifiable: no inventory, no hosts in it, or a limit that means none of them.
    """
    named = str(directory / inventory) if (directory / inventory).is_file() else inventory
    hosts = [InventoryHost(h["name"], frozenset(h["groups"]), h["data"]) for h in _read(named, inventory)]
    for limit in limits:
        if not any(host.matches(limit) for host in hosts):
            known = ", ".join(host.name for host in hosts)
            raise NotVerifiable(f"--limit {limit} matches no host of {inventory}: it has {known}")
    return [host for host in hosts if not limits or any(map(host.matches, limits))]


def _read(named: str, inventory: str) -> Any:
    # In a process of its own: pyinfra's command line patches sockets and threads of the process that it runs in.
    argv = [sys.executable, "-m", "pyinfra", named, "debug-inventory", "--json"]
    answer = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    try:
        hosts = json.loads(answer.stdout)
    except ValueError:
        raise NotVerifiable(f"inventory {inventory} cannot be read: {_reason(answer.stderr)}") from None
    if not hosts:
        raise NotVerifiable(f"inventory {inventory} gives no hosts: {_reason(answer.stderr)}")
    return hosts


def _reason(stderr: str) -> str:
    lines: Iterable[str] = map(str.strip, stderr.splitlines())
    said = [line for line in lines if line and not line.startswith("-->")]
    return said[-1] if said else "name the hosts that are deployed in it, or another file with --inventory"
