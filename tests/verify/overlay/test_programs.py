"""Each program of the overlay by itself."""

from __future__ import annotations

import pytest

from verify.nouns.alloy import Alloy
from verify.nouns.deployment import Deployment
from verify.nouns.program import Program
from verify.nouns.waiting import eventually

pytestmark = pytest.mark.needs("observability")

START_SECONDS = 60
"""For a program that has just been started: Loki and Tempo join their own rings first."""


def test_it_is_ready(program: Program) -> None:
    ready = eventually(lambda: program.is_ready, START_SECONDS)
    assert ready, f"{program} should answer {program.place.ready} with 200"


def test_it_is_the_version_of_the_manifest(release: Program, deployment: Deployment) -> None:
    wanted = deployment.services[release.name].version
    told = {version.removeprefix("v") for version in release.versions}
    assert any(f"{version}.".startswith(f"{wanted}.") for version in told), f"{release} should be {wanted}: {told}"


@pytest.mark.needs("alloy")
def test_every_part_of_the_pipeline_is_healthy(alloy: Alloy) -> None:
    faulty = {name: state for name, state in alloy.components.items() if state != "healthy"}
    assert alloy.components, f"{alloy} should run a pipeline"
    assert not faulty, f"parts of the pipeline of {alloy}"
