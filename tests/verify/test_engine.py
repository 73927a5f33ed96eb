"""The Docker engine and the Compose beside it."""

from __future__ import annotations

import pytest

from preprod.preflight import ENGINE_MINIMUM
from verify.nouns.engine import Engine, pinned_compose
from verify.nouns.target import Target


def test_the_engine_answers(engine: Engine, target: Target) -> None:
    assert engine.is_running, f"the engine on {target} does not answer a ping"


def test_the_engine_is_new_enough(engine: Engine, target: Target) -> None:
    assert engine.version >= ENGINE_MINIMUM, f"the engine on {target} is older than {ENGINE_MINIMUM}"


@pytest.mark.needs("systemd")
def test_the_engine_starts_with_the_machine(engine: Engine, target: Target) -> None:
    assert engine.is_enabled, f"docker.service on {target} is not enabled"


def test_containers_outlive_a_restart_of_the_engine(engine: Engine, target: Target) -> None:
    assert engine.keeps_containers, f"the engine on {target} runs without live-restore"


def test_compose_is_the_pinned_one(engine: Engine, target: Target) -> None:
    wanted = pinned_compose()
    assert engine.compose_version == wanted, f"'docker compose version' on {target} should say {wanted}"
