"""The operation: what it sends to a host in each situation, and how it waits."""

from __future__ import annotations

import base64
import io
import logging
import tarfile
from collections.abc import Callable
from dataclasses import replace

import pytest

from preprod.facts.compose import Container, Containers, Project, ProjectState
from preprod.operations import compose
from preprod.render.bundle import File
from unit import fakehost
from unit.test_compose_plan import (
    API,
    AT_START,
    CADDY,
    CADDYFILE_NEWER,
    FOUND,
    GOOD,
    MIGRATE,
    RELOADED,
    with_container,
    without,
)

BUNDLE = {"compose.yaml": File("services: {}\n")}


def line(c: Container) -> str:
    fields = (c.service, c.config_hash, c.status, c.exit_code, c.health, c.restarts, c.image, c.identifier, c.started)
    return " ".join(["have", *map(str, fields)])


def look(state: ProjectState) -> str:
    return "\n".join(
        [
            *(f"want {name} {value}" for name, value in (state.hashes or {}).items()),
            *map(line, state.containers),
            *(f"image {name} {value}" for name, value in state.images.items()),
            *(
                f"watch {w.changed_ns // 10**9}.{w.changed_ns % 10**9:09d} {w.sha256 or '-'} {path}"
                for path, w in state.watched.items()
            ),
            *(f"stamp {name} {value}" for name, value in state.stamps.items()),
        ]
    )


def test_the_fact_reads_back_what_the_script_prints() -> None:
    state = replace(CADDYFILE_NEWER, stamps={"caddy": RELOADED})
    assert Project().process(look(state).splitlines()) == state
    assert Project().process(["refusal services.api: no image", "refusal second"]) == ProjectState(
        refusal="services.api: no image\nsecond"
    )
    assert Containers().process([line(FOUND["api"])]) == (FOUND["api"],)
    assert FOUND["api"].started_ns == AT_START


def up(state: ProjectState, *waits: str, docker: bool = True, dry: bool = False, timeout: int = 30) -> fakehost.Run:
    settled = "\n".join(map(line, GOOD.containers))
    answers = iter(waits or [settled])
    wait: Callable[[fakehost.Command], str] = lambda _: next(answers)  # noqa: E731
    return fakehost.run(
        compose.up,
        {"compose-look": look(state), "compose-wait": wait, "compose-fail": RuntimeError("the deploy stops here")},
        project="socialize",
        bundle=BUNDLE,
        services=[API, CADDY, MIGRATE],
        timeout=timeout,
        docker=docker,
        dry=dry,
    )


def test_nothing_is_run_when_all_is_as_it_should_be() -> None:
    done = up(GOOD)
    assert (done.changes, done.scripts()) == (False, ["compose-look"])


def test_the_candidate_is_compared_before_it_lies_on_the_host() -> None:
    stdin = up(GOOD, dry=True).only("compose-look").stdin
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(stdin))) as tar:
        assert tar.getnames() == ["compose.yaml"]


def test_a_host_without_an_engine_is_a_change_and_no_failure() -> None:
    assert up(GOOD, docker=False, dry=True).changes


def test_a_changed_service_comes_up_and_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    starting = line(replace(FOUND["api"], health="starting"))
    others = "\n".join(line(FOUND[name]) for name in ("caddy", "migrate"))
    with caplog.at_level(logging.INFO, "pyinfra"):
        done = up(without("api"), f"{starting}\n{others}", "\n".join(map(line, GOOD.containers)))
    assert done.scripts() == ["compose-look", "compose-up", "compose-wait", "compose-wait"]
    assert done.only("compose-up").arguments == ("socialize", "--remove-orphans")
    assert any("waiting for api (" in record.getMessage() for record in caplog.records)
    assert any("api: create" in record.getMessage() for record in caplog.records)


def test_a_service_that_never_becomes_healthy_fails_the_deploy_with_the_reason() -> None:
    broken = line(replace(FOUND["api"], health="unhealthy"))
    done = up(without("api"), f"{broken}\n{line(FOUND['caddy'])}\n{line(FOUND['migrate'])}")
    assert done.failed
    assert done.only("compose-fail").arguments == ("socialize", "api is running, unhealthy")


def test_waiting_has_an_end() -> None:
    starting = "\n".join(line(replace(c, health="starting", status="running")) for c in GOOD.containers[:2])
    done = up(without("api"), f"{starting}\n{line(FOUND['migrate'])}", timeout=0)
    assert done.only("compose-fail").arguments == (
        "socialize",
        "api not healthy after 0 s, caddy not healthy after 0 s",
    )


def test_a_reload_is_asked_for_with_its_files_and_command() -> None:
    done = up(CADDYFILE_NEWER)
    assert done.only("compose-reload").arguments == (
        "socialize",
        "caddy",
        "d1",
        "caddy/Caddyfile",
        "--",
        "caddy",
        "reload",
    )
    assert "compose-up" not in done.scripts()


def test_a_restart_touches_one_service() -> None:
    done = up(with_container("api", health="unhealthy"))
    assert done.only("compose-restart").arguments == ("socialize", "api")
    assert "compose-up" not in done.scripts()
