"""The operation: what it sends to a host in each situation, in which order, and how it waits."""

from __future__ import annotations

import base64
import io
import logging
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, repeat

import pytest

from preprod.facts.compose import Containers, Project, ProjectState
from preprod.operations import compose
from preprod.operations.compose_plan import Service
from preprod.render.bundle import File
from unit import fakehost
from unit.found import (
    AT_START,
    CADDYFILE_NEWER,
    FOUND,
    GOOD,
    ORPHAN,
    RELOADED,
    SERVICES,
    container,
    line,
    look,
    seen,
    with_container,
    without,
)

BUNDLE = {"compose.yaml": File("services: {}\n")}
QUESTIONS = ["compose-look", "database-login"]
STOP = RuntimeError("the deploy stops here")


def converge(
    state: ProjectState,
    *later: ProjectState,
    login: str = "accepted",
    docker: bool = True,
    dry: bool = False,
    timeout: int = 30,
    services: Sequence[Service] = SERVICES,
) -> fakehost.Run:
    """The operation on a host that is found in one state and, each time it is asked again, in the next one."""
    answers: Iterator[str] = chain(map(seen, later), repeat(seen(later[-1] if later else GOOD)))
    return fakehost.run(
        compose.converged,
        {
            "compose-look": look(state),
            "compose-wait": lambda _: next(answers),
            "database-login": login,
            "compose-fail": STOP,
            "rollout-abandon": STOP,
        },
        project="socialize",
        bundle=BUNDLE,
        services=services,
        timeout=timeout,
        docker=docker,
        dry=dry,
    )


def calls(done: fakehost.Run) -> list[tuple[str, ...]]:
    """What was done besides looking and waiting: scripts with their arguments, in order."""
    looks = {*QUESTIONS, "compose-wait"}
    return [(command.script, *command.arguments) for command in done.commands if command.script not in looks]


def test_the_fact_reads_back_what_the_script_prints() -> None:
    state = replace(CADDYFILE_NEWER, stamps={"caddy": RELOADED})
    assert Project().process(look(state).splitlines()) == state
    assert Project().process(["refusal services.api: no image", "refusal second"]) == ProjectState(
        refusal="services.api: no image\nsecond"
    )
    assert Containers().process([line(FOUND["api"])]) == (FOUND["api"],)
    assert FOUND["api"].started_ns == AT_START


@pytest.mark.parametrize("dry", [False, True])
def test_two_questions_are_all_when_all_is_as_it_should_be(dry: bool) -> None:
    done = converge(GOOD, dry=dry)
    assert (done.changes, done.scripts()) == (False, QUESTIONS)


def test_the_candidate_is_compared_before_it_lies_on_the_host() -> None:
    stdin = converge(GOOD, dry=True).only("compose-look").stdin
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(stdin))) as tar:
        assert tar.getnames() == ["compose.yaml"]


def test_a_host_without_an_engine_is_a_change_and_no_failure() -> None:
    done = converge(GOOD, docker=False, dry=True)
    assert (done.changes, done.failed) == (True, False)


def test_each_stage_is_healthy_before_the_next_begins() -> None:
    done = converge(ProjectState(), GOOD, login="refused")
    assert [(command.script, *command.arguments) for command in done.commands][1:] == [
        ("compose-up", "socialize", "postgres"),
        ("compose-wait", "socialize", "10", "-"),
        ("database-login", "socialize"),
        ("database-follow", "socialize"),
        ("compose-up", "socialize", "migrate"),
        ("compose-wait", "socialize", "10", "migrate"),
        ("rollout-start", "socialize", "api"),
        ("compose-wait", "socialize", "0", "-"),
        ("compose-wait", "socialize", "10", "-"),
        ("rollout-finish", "socialize", "api", "id-api", "caddy/Caddyfile"),
        ("compose-up", "socialize", "worker", "caddy"),
        ("compose-wait", "socialize", "10", "-"),
    ]


@pytest.mark.parametrize(
    ("changes", "why", "reached"),
    [
        (("postgres", {"health": "unhealthy"}), "postgres is running, unhealthy", "compose-up postgres"),
        (("migrate", {"exit_code": 3}), "migrate ended with code 3", "compose-up migrate"),
        (("worker", {"health": "unhealthy"}), "worker is running, unhealthy", "compose-up worker caddy"),
    ],
)
def test_a_stage_that_fails_is_the_last_one(changes: tuple[str, dict[str, object]], why: str, reached: str) -> None:
    service, found = changes
    done = converge(ProjectState(), with_container(service, **found))
    assert done.failed
    *before, last = calls(done)
    assert last == ("compose-fail", "socialize", why)
    assert " ".join(word for word in before[-1] if word != "socialize") == reached


WATCHED = [*SERVICES, Service("alertmanager", "alertmanager:1")]
MATCHERS = ('component=~"app|containers|probes|caddy"', 'alertname!="Watchdog"')


def heeded(caddy: str = "running", alertmanager: str = "running") -> ProjectState:
    """A state with Alertmanager in it; what its container and Caddy's do."""
    return replace(
        with_container("caddy", status=caddy),
        hashes={**(GOOD.hashes or {}), "alertmanager": "hash-alertmanager"},
        images={**GOOD.images, "alertmanager:1": "sha256:eeeeeeee0"},
        containers=(
            *with_container("caddy", status=caddy).containers,
            container("alertmanager", "sha256:eeeeeeee0", status=alertmanager),
        ),
    )


@pytest.mark.parametrize("dry", [False, True])
def test_alerts_are_silent_while_something_changes(dry: bool) -> None:
    done = converge(heeded(caddy="exited"), heeded(), dry=dry, services=WATCHED)
    assert done.changes
    steps = [
        # Four waits of the timeout, then it ends by itself.
        ("alertmanager-silence", "socialize", "120", *MATCHERS),
        ("compose-up", "socialize", "caddy"),
        ("alertmanager-expire", "socialize"),
    ]
    assert calls(done) == ([] if dry else steps)


def test_a_deploy_that_fails_leaves_the_silence_to_its_end() -> None:
    done = converge(heeded(caddy="exited"), heeded(caddy="dead"), services=WATCHED)
    assert done.failed
    assert [script for script, *_ in calls(done)] == ["alertmanager-silence", "compose-up", "compose-fail"]


def test_nothing_is_silenced_while_nothing_changes() -> None:
    done = converge(heeded(), services=WATCHED)
    assert (done.changes, done.scripts()) == (False, QUESTIONS)


def test_nothing_is_silenced_where_no_alertmanager_runs() -> None:
    done = converge(heeded(alertmanager="exited"), heeded(), services=WATCHED)
    assert calls(done) == [("compose-up", "socialize", "alertmanager")]


@pytest.mark.parametrize("dry", [False, True])
def test_the_role_follows_a_rotated_secret_and_nothing_else_happens(dry: bool) -> None:
    done = converge(GOOD, login="refused", dry=dry)
    assert done.changes
    assert calls(done) == ([] if dry else [("database-follow", "socialize")])


def test_a_database_that_cannot_be_asked_is_left_alone() -> None:
    assert calls(converge(GOOD, login="unknown")) == []


def test_a_changed_service_comes_up_alone_and_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "pyinfra"):
        done = converge(without("worker"), with_container("worker", health="starting"), GOOD)
    assert done.scripts() == [*QUESTIONS, "compose-up", "compose-wait", "compose-wait"]
    assert done.only("compose-up").arguments == ("socialize", "worker")
    assert any("waiting for worker (" in record.getMessage() for record in caplog.records)
    assert any("worker: create" in record.getMessage() for record in caplog.records)


def test_a_dry_run_does_not_wait() -> None:
    done = converge(without("postgres"), dry=True)
    assert (done.changes, done.scripts()) == (True, ["compose-look"])


def test_waiting_has_an_end() -> None:
    slow = replace(GOOD, containers=tuple(replace(c, health="starting", status="running") for c in GOOD.containers))
    assert calls(converge(without("worker"), slow, timeout=0))[-1] == (
        "compose-fail",
        "socialize",
        "worker not healthy after 0 s, caddy not healthy after 0 s",
    )


def test_a_reload_is_asked_for_with_its_files_and_command() -> None:
    reload = ("compose-reload", "socialize", "caddy", "d1", "caddy/Caddyfile", "--", "caddy", "reload")
    assert calls(converge(CADDYFILE_NEWER)) == [reload]


@pytest.mark.parametrize("service", ["worker", "postgres"])
def test_a_restart_touches_one_service_and_is_waited_for(service: str) -> None:
    done = converge(with_container(service, health="unhealthy"))
    assert calls(done) == [("compose-restart", "socialize", service)]
    assert done.scripts()[done.scripts().index("compose-restart") + 1] == "compose-wait"


def test_one_shots_run_again_alone() -> None:
    assert calls(converge(with_container("migrate", exit_code=3))) == [("compose-up", "socialize", "migrate")]


@pytest.mark.parametrize(
    ("state", "ups"),
    [
        (GOOD, ["--remove-orphans worker caddy"]),
        (without("caddy"), ["--remove-orphans caddy"]),
        (without("postgres"), ["postgres", "--remove-orphans worker caddy"]),
        (with_container("caddy", health="unhealthy"), ["--remove-orphans worker caddy"]),
    ],
    ids=["nothing else", "with another change", "after the backing services", "with a restart"],
)
def test_orphans_go_with_the_rest(state: ProjectState, ups: list[str]) -> None:
    done = converge(replace(state, containers=(*state.containers, ORPHAN)))
    assert done.changes
    assert [" ".join(call[2:]) for call in calls(done) if call[0] == "compose-up"] == ups
