"""Which hosts a run is about: pyinfra takes a misspelt inventory or ``--limit`` for a run without work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import click

from preprod.cli.child import pyinfra, say
from preprod.cli.verdict import reason
from preprod.render.templates import ROOT


@dataclass(frozen=True)
class Selection:
    """An inventory file, the given limits, and the names of the hosts that they leave (at least one)."""

    inventory: Path
    limits: tuple[str, ...]
    hosts: tuple[str, ...]

    @property
    def limit_arguments(self) -> list[str]:
        return [f"--limit={limit}" for limit in self.limits]


def select(inventory: str, limits: Sequence[str]) -> Selection:
    """The hosts of an inventory, without connecting to any.

    :param inventory: path, relative to the working directory or to the checkout.
    :param limits: names or patterns of hosts, or names of groups, as pyinfra takes them.
    :raises click.ClickException: no such file, a file that pyinfra cannot read, no hosts, a limit that matches none.
    """
    path = _located(inventory)
    groups = _listed(path)
    if not groups:
        raise click.ClickException(f"inventory {inventory} names no host: add at least one")
    wanted = {host for limit in limits for host in _matching(limit, groups, inventory)} if limits else set(groups)
    return Selection(path, tuple(limits), tuple(host for host in groups if host in wanted))


def _located(inventory: str) -> Path:
    for base in (Path.cwd(), ROOT):
        if (base / inventory).is_file():
            return (base / inventory).resolve()
    known = " or ".join(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("inventory/*.py")))
    raise click.ClickException(f"there is no inventory file {inventory}: use {known}, or write one")


def _listed(path: Path) -> dict[str, list[str]]:
    """Host -> its groups, in the inventory's order."""
    ended = pyinfra(str(path), "debug-inventory", "--json", quiet=True)
    try:
        return {host["name"]: host["groups"] for host in json.loads(ended.answer)}
    except (ValueError, TypeError, KeyError):
        say(ended.log)
        raise click.ClickException(f"inventory {path} cannot be read: {reason(ended)}") from None


def _matching(limit: str, groups: dict[str, list[str]], inventory: str) -> list[str]:
    found = [host for host in groups if limit in groups[host]] or [host for host in groups if fnmatch(host, limit)]
    if not found:
        names = ", ".join(dict.fromkeys(group for host in groups for group in groups[host]))
        raise click.ClickException(
            f"--limit {limit} matches no host of {inventory}: its hosts are {', '.join(groups)}; its groups are {names}"
        )
    return found
