"""The overlay comes, goes and comes again: the app serves all the while, and nothing that was collected is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from harness import wait_for
from load import Load, reached
from package import ON_ONE, Package, Run
from watching import watchers

pytestmark = ON_ONE

OVERLAY: dict[str, Any] = {"observability": True, "scrape_interval": 5}


@dataclass(frozen=True)
class Step:
    """A deploy under load, and one more without a reason."""

    run: Run
    again: Run
    load: Load


@dataclass(frozen=True)
class Toggled:
    """The overlay on, off, on: what each deploy gave, and when (host's seconds) it was on for the first time."""

    package: Package
    on: Step
    off: Step
    back: Step
    containers_off: str
    volumes_off: str
    began: float


@pytest.fixture(scope="module")
def toggled(deployed: Package) -> Iterator[Toggled]:
    watched = {**OVERLAY, "observability_components": watchers()}
    assert "prometheus" in watchers(), "deploy inventory/local.py first: it builds the overlay's images"
    world = deployed.world
    with reached(world, 8080) as url:
        on = _step(deployed, url, **watched)
        began = float(world.check_output("date +%s"))
        wait_for(lambda: _up(deployed, "prometheus"), 60, "Prometheus to have scraped itself")
        off = _step(deployed, url)
        containers = world.check_output("docker ps -a --format '{{.Names}}'")
        volumes = world.check_output("docker volume ls -q")
        back = _step(deployed, url, **watched)
    yield Toggled(deployed, on, off, back, containers, volumes, began)
    left = deployed.deploy()
    assert left.code == 0, left.stderr


def _step(package: Package, url: str, **data: Any) -> Step:
    load = Load(url)
    with load.running():
        run = package.deploy(**data)
    assert run.code == 0, run.stderr
    return Step(run, package.deploy(**data), load)


def query(package: Package, expression: str, at: float | None = None) -> list[dict[str, Any]]:
    """The answer of the world's Prometheus to an instant query."""
    when = f"--time={at:.0f} " if at else ""
    command = (
        "docker exec $(docker ps -q --filter label=com.docker.compose.service=prometheus) promtool query "
        f"-o json instant {when}http://127.0.0.1:9090 '{expression}'"
    )
    answer: list[dict[str, Any]] = json.loads(package.world.check_output(command))
    return answer


def _up(package: Package, job: str) -> bool:
    return bool(query(package, f'up{{job="{job}"}} == 1'))


@pytest.mark.parametrize("step", ["on", "off", "back"])
def test_no_request_is_lost_and_a_second_run_changes_nothing(toggled: Toggled, step: str) -> None:
    taken: Step = getattr(toggled, step)
    assert taken.run.code == 0, taken.run.stderr
    assert not taken.load.failed, (taken.load.summary, taken.load.failed[:5])
    assert taken.again.changed == {}


def test_off_removes_the_containers_and_keeps_the_volumes(toggled: Toggled) -> None:
    assert not [name for name in watchers() if f"-{name}-" in toggled.containers_off]
    assert "socialize_prometheus-data" in toggled.volumes_off.split()


def test_what_was_collected_before_is_there_afterwards(toggled: Toggled) -> None:
    assert query(toggled.package, 'up{job="prometheus"}', at=toggled.began + 30)


def test_the_suite_proves_it(toggled: Toggled) -> None:
    done = toggled.package.verify(data={**OVERLAY, "observability_components": watchers()})
    assert done.returncode == 0, done.stdout + done.stderr
