"""Fixtures: the package on its way to a bare world, and the same world when it is deployed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import RELEASES, Snapshot, World
from harness.images import one_at_a_time
from package import Package, Run
from watching import held

from preprod.render.recipes import candidates
from preprod.settings import load

# Three operations of a first deploy at which the controller dies: one that installs, one that writes, one that starts.
KILLED_AT = ("Engine | daemon.json", "App | files", "App | services")


@dataclass(frozen=True)
class DryRun:
    """A dry run against a world, and the world's files before and after it."""

    run: Run
    before: Snapshot
    after: Snapshot


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every image of the local deployment, and of the overlay what this engine has: saved once, for all processes and
    worlds. A world gets the second archive, which is the larger one, only when the overlay is deployed to it."""
    root = tmp_path_factory.getbasetemp()
    folder = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "archives"
    with one_at_a_time(str(folder)):
        if not folder.exists():
            save_all(folder)
    return folder


def save_all(folder: Path) -> None:
    """Under another name until it is whole: the next process takes a folder that is there for all of them."""
    made = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    needed = {options[0].reference for options in candidates(load({"image_source": "packages"})).values()}
    _save(made / "base.tar", needed)
    _save(made / "overlay.tar", held() - needed)
    made.rename(folder)


def _save(archive: Path, references: Set[str]) -> None:
    save = ["docker", "save", "--output", str(archive), *sorted(references)]
    done = subprocess.run(save, capture_output=True, text=True)
    assert done.returncode == 0, f"deploy inventory/local.py first, it builds the images: {done.stderr}"


@pytest.fixture(scope="session", params=RELEASES)
def package(request: pytest.FixtureRequest, new_world: Callable[[str], World], archives: Path) -> Package:
    """The package with a bare world of its own."""
    data = {"docker_source": "distribution", "image_source": "archives", "image_archives": str(archives)}
    return Package(new_world(request.param), data)


@pytest.fixture(scope="session")
def blank(package: Package) -> DryRun:
    """A dry run while the world is still bare."""
    before = package.world.snapshot()
    run = package.dry_run()
    return DryRun(run, before, package.world.snapshot())


@pytest.fixture(scope="session")
def first_deploy(package: Package, blank: DryRun) -> Run:
    """The first deploy that is allowed to end, after one killed at each of three operations."""
    for operation in KILLED_AT:
        package.deploy_killed_at(operation)
    return package.deploy()


@pytest.fixture(scope="session")
def deployed(package: Package, first_deploy: Run) -> Package:
    """The package with its world deployed."""
    assert first_deploy.code == 0, first_deploy.stderr
    return package


@pytest.fixture
def clean(deployed: Package) -> Iterator[Package]:
    """A deployed world, proven to be as it should before the test; the test leaves it so."""
    if not deployed.settled:
        assert deployed.deploy().changed == {}
    deployed.settled = False
    yield deployed
    if not deployed.settled:
        left = deployed.deploy()
        assert left.code == 0, left.stderr
