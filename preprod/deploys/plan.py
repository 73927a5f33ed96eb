"""What a run needs to know before it starts: settings, the host as it is, images, secrets, the bundle."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyinfra import host
from pyinfra.api.connectors import get_all_connectors
from pyinfra.api.exceptions import DeployError
from pyinfra.connectors.base import BaseConnector

from preprod import secrets
from preprod.contract import ContractError
from preprod.facts.host import Look
from preprod.facts.secrets import Secrets, supplied_on_stdin
from preprod.images import Chosen, MissingImages
from preprod.preflight import HostState, problems
from preprod.render.archives import archived
from preprod.render.bundle import Bundle
from preprod.render.project import project
from preprod.render.recipes import candidates, choose, pullable
from preprod.render.templates import ROOT
from preprod.secrets import Step
from preprod.settings import Settings, SettingsError, load


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the first change."""

    settings: Settings
    host: HostState
    chosen: Mapping[str, Chosen]
    archives: Mapping[str, Path]
    given: Mapping[str, str]
    steps: list[Step]
    bundle: Bundle

    @property
    def uids(self) -> dict[str, int]:
        return {name: choice.image.uid for name, choice in self.chosen.items()}


def make() -> Plan:
    """The plan for the current host; looks, and touches nothing.

    :raises DeployError: one sentence for each thing that stands in the way.
    """
    try:
        return _make()
    except (SettingsError, MissingImages, ContractError) as error:
        raise DeployError(f"{host.name}: {error}") from None


def settings() -> Settings:
    """The settings of the current host, from pyinfra's host data."""
    foreign = {key for connector in _connectors() for key in connector.data_meta}
    return load(host.data.dict(), foreign)  # type: ignore[no-untyped-call]


def _connectors() -> Iterable[type[BaseConnector]]:
    return get_all_connectors().values()  # type: ignore[no-untyped-call, no-any-return]


def _make() -> Plan:
    chosen_settings = settings()
    wanted = secrets.wanted(chosen_settings)
    given = secrets.supplied(chosen_settings, wanted, os.environ)
    archives = archived(chosen_settings)
    look = _look(chosen_settings)
    chosen = choose(chosen_settings, look.images | archives.keys(), look.unreachable_images)
    have = host.get_fact(Secrets, secrets=wanted, _stdin=supplied_on_stdin(given))
    uids = {name: choice.image.uid for name, choice in chosen.items()}
    steps = secrets.plan(wanted, have, given, chosen_settings.secret_generation, uids)
    bundle = project(chosen_settings, chosen, steps, commit())
    return Plan(chosen_settings, look, chosen, archives, given, steps, bundle)


def _look(chosen_settings: Settings) -> HostState:
    references = [choice.reference for options in candidates(chosen_settings).values() for choice in options]
    look = host.get_fact(Look, images=references, registry=sorted(pullable(chosen_settings)))
    if found := problems(chosen_settings, look):
        raise DeployError(f"{host.name}: " + "; ".join(found))
    return look


def commit() -> str:
    """The checkout's commit, marked ``-dirty`` where files differ from it; ``unknown`` outside a checkout."""
    git = shutil.which("git")
    if git is None:
        return "unknown"
    describe = [git, "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    return subprocess.run(describe, capture_output=True, text=True).stdout.strip() or "unknown"
