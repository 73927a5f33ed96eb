"""The table of situations that a service can be found in, and what is done about each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from preprod.facts.compose import ProjectState
from preprod.operations.compose_plan import Intent, judge, plan
from unit.found import (
    AFTER,
    API,
    CADDYFILE_NEWER,
    FOUND,
    GOOD,
    MIGRATE,
    NEW,
    OLD,
    ORPHAN,
    RELOADED,
    SERVICES,
    START,
    container,
    having,
    watching,
    with_container,
    without,
)

TABLE = [
    ("nothing", GOOD, {}),
    ("create", without("worker"), {"worker": Intent("up", "create")}),
    (
        "config",
        with_container("worker", config_hash="0123456789"),
        {"worker": Intent("up", "recreate (config 01234567 -> hash-wor)")},
    ),
    (
        "image",
        with_container("worker", image="sha256:ffffffff1"),
        {"worker": Intent("up", "recreate (image ffffffff -> aaaaaaaa)")},
    ),
    (
        "image not there yet",
        replace(GOOD, images={name: image for name, image in GOOD.images.items() if name != "app:1"}),
        {
            "api": Intent("up", "replace without a gap; it would recreate (image aaaaaaaa -> app:1)"),
            "worker": Intent("up", "recreate (image aaaaaaaa -> app:1)"),
            "migrate": Intent("up", "recreate (image aaaaaaaa -> app:1)"),
        },
    ),
    ("stopped", with_container("worker", status="exited"), {"worker": Intent("up", "start (it is exited)")}),
    ("created only", with_container("worker", status="created"), {"worker": Intent("up", "start (it is created)")}),
    (
        "unhealthy",
        with_container("worker", health="unhealthy"),
        {"worker": Intent("restart", "restart (it is unhealthy)")},
    ),
    ("starting", with_container("worker", health="starting"), {}),
    (
        "boot file newer",
        watching("api/boot.conf", changed_ns=AFTER),
        {
            "api": Intent("up", "replace without a gap; it would restart (api/boot.conf changed after its start)"),
            "worker": Intent("restart", "restart (api/boot.conf changed after its start)"),
        },
    ),
    (
        "secret newer",
        watching("/etc/preprod/secrets/worker/key", changed_ns=AFTER),
        {"worker": Intent("restart", "restart (/etc/preprod/secrets/worker/key changed after its start)")},
    ),
    (
        "reload: file to be written",
        watching("caddy/Caddyfile", sha256="other"),
        {"caddy": Intent("reload", "reload (caddy/Caddyfile changes)")},
    ),
    (
        "reload: file newer, no stamp",
        CADDYFILE_NEWER,
        {"caddy": Intent("reload", "reload (caddy/Caddyfile changed after its start)")},
    ),
    ("reload: file newer, stamp", replace(CADDYFILE_NEWER, stamps={"caddy": RELOADED}), {}),
    (
        "reload: stamp of an earlier start",
        replace(CADDYFILE_NEWER, stamps={"caddy": RELOADED.replace(START, "2026-11-20T09:00:00Z")}),
        {"caddy": Intent("reload", "reload (caddy/Caddyfile changed after its start)")},
    ),
    (
        "reload: stamp of other files",
        replace(CADDYFILE_NEWER, stamps={"caddy": RELOADED.replace("d1", "d0")}),
        {"caddy": Intent("reload", "reload (caddy/Caddyfile changed after its start)")},
    ),
    (
        "recreated, so not reloaded besides",
        replace(CADDYFILE_NEWER, containers=with_container("caddy", config_hash="0123456789").containers),
        {"caddy": Intent("up", "recreate (config 01234567 -> hash-cad)")},
    ),
    (
        "one-shot failed",
        with_container("migrate", exit_code=3),
        {"migrate": Intent("up", "run again (it exited with code 3)")},
    ),
    (
        "orphan",
        replace(GOOD, containers=(*GOOD.containers, ORPHAN)),
        {"mailer": Intent("remove", "remove (no longer declared)")},
    ),
    (
        "one of two replicas is wrong",
        replace(GOOD, containers=(*GOOD.containers, container("worker", "sha256:aaaaaaaa0", status="dead"))),
        {"worker": Intent("up", "start (it is dead)")},
    ),
    (
        "nothing to compare with",
        ProjectState(),
        {name: Intent("up", "create (nothing to compare with yet)") for name in FOUND},
    ),
]


@pytest.mark.parametrize(("found", "intents"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_is_done_about_each_situation(found: ProjectState, intents: dict[str, Intent]) -> None:
    assert plan(SERVICES, found) == intents


ROLLED = [
    ("create", without("api"), "create"),
    ("config", having("api", OLD), "replace without a gap; it would recreate (config 01234567 -> hash-api)"),
    (
        "image",
        with_container("api", image="sha256:ffffffff1"),
        "replace without a gap; it would recreate (image ffffffff -> aaaaaaaa)",
    ),
    ("stopped", with_container("api", status="exited"), "replace without a gap; it would start (it is exited)"),
    (
        "unhealthy",
        with_container("api", health="unhealthy"),
        "replace without a gap; it would restart (it is unhealthy)",
    ),
    (
        "secret newer",
        watching("/etc/preprod/secrets/api/key", changed_ns=AFTER),
        "replace without a gap; it would restart (/etc/preprod/secrets/api/key changed after its start)",
    ),
    (
        "two, none as it should be",
        having("api", replace(NEW, health="unhealthy"), OLD),
        "replace without a gap; it would restart (it is unhealthy)",
    ),
    ("a good one beside the old", having("api", NEW, OLD), "retire 1 old container(s)"),
    ("the old one is named first", having("api", OLD, NEW), "retire 1 old container(s)"),
    (
        "one that starts beside two",
        having("api", OLD, replace(NEW, health="starting"), OLD),
        "retire 2 old container(s)",
    ),
    ("two that are good", having("api", NEW, FOUND["api"]), "retire 1 old container(s)"),
    ("requests are led nowhere", replace(GOOD, upstreams={}), "lead requests to socialize-api-1"),
    ("requests are led elsewhere", having("api", NEW), "lead requests to socialize-api-2"),
    ("alone and starting", with_container("api", health="starting"), None),
]


@pytest.mark.parametrize(("found", "reason"), [row[1:] for row in ROLLED], ids=[row[0] for row in ROLLED])
def test_what_is_done_about_the_app_never_stops_it(found: ProjectState, reason: str | None) -> None:
    assert plan(SERVICES, found) == ({"api": Intent("up", reason)} if reason else {})


def test_a_service_that_compose_declares_is_no_orphan() -> None:
    assert plan([API], GOOD) == {}


@pytest.mark.parametrize(
    ("changes", "waiting", "broken"),
    [
        ({}, [], []),
        ({"health": "starting"}, ["api"], []),
        ({"status": "restarting", "health": "none"}, ["api"], []),
        ({"status": "created", "health": "none"}, ["api"], []),
        ({"health": "unhealthy"}, [], ["api is running, unhealthy"]),
        ({"status": "exited"}, [], ["api is exited, healthy"]),
        ({"status": "restarting", "health": "starting", "restarts": 4}, [], ["api is restarting, starting"]),
        ({"status": "running", "health": "none", "restarts": 4}, [], ["api is running, none"]),
        ({"restarts": 4}, [], []),
    ],
)
def test_waiting_ends_as_soon_as_it_cannot_help(changes: dict, waiting: list[str], broken: list[str]) -> None:
    assert judge([API], [replace(FOUND["api"], **changes)]) == (waiting, broken)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, ([], [])),
        ({"status": "running"}, (["migrate"], [])),
        ({"exit_code": 3}, ([], ["migrate ended with code 3"])),
    ],
)
def test_one_shots_are_waited_for_until_they_end(changes: dict, verdict: tuple[list[str], list[str]]) -> None:
    assert judge([MIGRATE], [replace(FOUND["migrate"], **changes)]) == verdict


def test_a_service_without_a_container_is_broken() -> None:
    assert judge([API], []) == ([], ["api has no container"])
