"""How the app is replaced: a new container beside the old one, which never goes before the new one serves."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from preprod.facts.compose import Container, ProjectState
from unit.found import FOUND, GOOD, NEW, OLD, having, with_container, without
from unit.test_compose_up import QUESTIONS, calls, converge

STARTING = replace(NEW, health="starting")
UNHEALTHY = replace(NEW, health="unhealthy")
DOWN = replace(OLD, status="exited", exit_code=137, health="none")

START = ("rollout-start", "socialize", "api")
FINISH = ("rollout-finish", "socialize", "api", "id-api-2", "caddy/Caddyfile")
ABANDON = ("rollout-abandon", "socialize", "id-api-2")
FAIL = ("compose-fail", "socialize")


def test_the_new_one_is_healthy_before_the_old_one_goes(caplog: pytest.LogCaptureFixture) -> None:
    both = having("api", NEW, OLD)
    with caplog.at_level(logging.INFO, "pyinfra"):
        done = converge(having("api", OLD), both, having("api", STARTING, OLD), both)
    assert done.scripts() == [*QUESTIONS, "rollout-start", *["compose-wait"] * 3, "rollout-finish"]
    assert calls(done) == [START, FINISH]
    assert any("waiting for api (" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("old", [replace(OLD, health="unhealthy"), DOWN, replace(OLD, status="restarting")])
def test_the_state_of_the_old_one_does_not_count(old: Container) -> None:
    done = converge(having("api", old), having("api", NEW, old))
    assert (calls(done), done.failed) == ([START, FINISH], False)


def test_the_first_one_is_led_to_as_well() -> None:
    done = converge(replace(without("api"), upstreams={}), having("api", NEW))
    assert calls(done) == [START, FINISH]


@pytest.mark.parametrize("found", [(NEW, OLD), (OLD, NEW), (STARTING, OLD)], ids=["new first", "old first", "starting"])
def test_a_run_that_was_killed_half_way_is_ended_without_a_second_start(found: tuple[Container, ...]) -> None:
    done = converge(having("api", *found), having("api", *found), having("api", NEW, OLD))
    assert calls(done) == [FINISH]
    assert done.scripts()[:3] == [*QUESTIONS, "compose-wait"]


def test_the_old_one_is_kept_where_it_is_the_good_one() -> None:
    """The setting that the new one was started for has been changed back."""
    stale = replace(NEW, config_hash="0123456789")
    state = having("api", stale, FOUND["api"])
    assert calls(converge(state, state)) == [("rollout-finish", "socialize", "api", "id-api", "caddy/Caddyfile")]


@pytest.mark.parametrize("upstreams", [{}, {"api": "socialize-api-7"}], ids=["nowhere", "elsewhere"])
def test_requests_are_led_to_the_one_that_runs(upstreams: dict[str, str]) -> None:
    done = converge(replace(GOOD, upstreams=upstreams))
    assert calls(done) == [("rollout-finish", "socialize", "api", "id-api", "caddy/Caddyfile")]


@pytest.mark.parametrize(
    "state", [having("api", STARTING, OLD), replace(GOOD, upstreams={})], ids=["retire", "lead requests"]
)
def test_a_dry_run_does_not_wait_for_what_is_there(state: ProjectState) -> None:
    done = converge(state, dry=True)
    assert (done.changes, done.scripts()) == (True, QUESTIONS)


@pytest.mark.parametrize(
    ("new", "timeout", "why"),
    [
        (UNHEALTHY, 30, "api is running, unhealthy"),
        (replace(NEW, status="exited", exit_code=1), 30, "api is exited, healthy"),
        (replace(STARTING, restarts=4), 30, "api is running, starting"),
        (STARTING, 0, "api not healthy after 0 s"),
    ],
)
@pytest.mark.parametrize("killed", [False, True], ids=["started now", "found from a killed run"])
def test_a_new_one_that_does_not_become_healthy_is_abandoned(
    killed: bool, new: Container, timeout: int, why: str
) -> None:
    before = having("api", *([STARTING] if killed else []), OLD)
    done = converge(before, having("api", new, OLD), timeout=timeout)
    assert done.failed
    assert calls(done) == [*([] if killed else [START]), (*ABANDON, why)]


def test_nothing_comes_after_an_abandoned_one() -> None:
    done = converge(having("api", OLD, of=without("caddy")), having("api", UNHEALTHY, OLD))
    assert calls(done) == [START, (*ABANDON, "api is running, unhealthy")]


def test_one_that_has_vanished_is_not_mistaken_for_the_old_one() -> None:
    done = converge(having("api", OLD), having("api", OLD))
    assert done.failed
    assert calls(done) == [START, ("rollout-abandon", "socialize", "", "api has no container")]


@pytest.mark.parametrize("before", [without("api"), having("api", DOWN)], ids=["the first", "the old one is down"])
def test_where_no_other_is_up_the_unhealthy_one_stays_to_be_looked_at(before: ProjectState) -> None:
    done = converge(before, having("api", UNHEALTHY))
    assert done.failed
    assert calls(done) == [START, (*FAIL, "api is running, unhealthy")]


def test_the_only_one_is_never_abandoned() -> None:
    done = converge(replace(GOOD, upstreams={}), with_container("api", health="unhealthy"))
    assert done.failed
    assert calls(done) == [(*FAIL, "api is running, unhealthy")]


def test_a_failed_migration_leaves_the_old_one_serving() -> None:
    done = converge(having("api", OLD, of=without("migrate")), with_container("migrate", exit_code=1))
    assert done.failed
    assert calls(done) == [("compose-up", "socialize", "migrate"), (*FAIL, "migrate ended with code 1")]
