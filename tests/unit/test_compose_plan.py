"""The table of situations that a service can be found in, and what is done about each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from preprod.facts.compose import Container, ProjectState, Watched
from preprod.operations.compose import Intent, Service, judge, plan, stamp

START = "2026-11-20T10:00:00.5Z"
AT_START = 1_795_168_800_500_000_000
BEFORE, AFTER = AT_START - 1, AT_START + 1

API = Service("api", "app:1", boot_files=("api/boot.conf",), hidden_files=("/etc/preprod/secrets/api/key",))
CADDY = Service(
    "caddy", "caddy:2", reload_files={"caddy/Caddyfile": "c0"}, reload_digest="d1", reload_command=("caddy", "reload")
)
MIGRATE = Service("migrate", "app:1", one_shot=True)


def container(service: str, image: str, **changes: object) -> Container:
    ran = Container(service, f"hash-{service}", "running", 0, "healthy", 0, image, f"id-{service}", START)
    return replace(ran, **changes)


FOUND = {
    "api": container("api", "sha256:aaaaaaaa0"),
    "caddy": container("caddy", "sha256:cccccccc0"),
    "migrate": container("migrate", "sha256:aaaaaaaa0", status="exited", health="none"),
}
GOOD = ProjectState(
    hashes={name: f"hash-{name}" for name in FOUND},
    containers=tuple(FOUND.values()),
    images={"app:1": "sha256:aaaaaaaa0", "caddy:2": "sha256:cccccccc0"},
    watched={
        "api/boot.conf": Watched(BEFORE, "b0"),
        "/etc/preprod/secrets/api/key": Watched(BEFORE),
        "caddy/Caddyfile": Watched(BEFORE, "c0"),
    },
)


def with_container(service: str, **changes: object) -> ProjectState:
    found = {**FOUND, service: replace(FOUND[service], **changes)}
    return replace(GOOD, containers=tuple(found.values()))


def without(service: str) -> ProjectState:
    return replace(GOOD, containers=tuple(c for c in GOOD.containers if c.service != service))


def watching(path: str, **changes: object) -> ProjectState:
    return replace(GOOD, watched={**GOOD.watched, path: replace(GOOD.watched[path], **changes)})


RELOADED = stamp(CADDY, FOUND["caddy"])
CADDYFILE_NEWER = watching("caddy/Caddyfile", changed_ns=AFTER)

TABLE = [
    ("nothing", GOOD, {}),
    ("create", without("api"), {"api": Intent("up", "create")}),
    (
        "config",
        with_container("api", config_hash="0123456789"),
        {"api": Intent("up", "recreate (config 01234567 -> hash-api)")},
    ),
    (
        "image",
        with_container("api", image="sha256:ffffffff1"),
        {"api": Intent("up", "recreate (image ffffffff -> aaaaaaaa)")},
    ),
    (
        "image not there yet",
        replace(GOOD, images={"caddy:2": "sha256:cccccccc0"}),
        {
            "api": Intent("up", "recreate (image aaaaaaaa -> app:1)"),
            "migrate": Intent("up", "recreate (image aaaaaaaa -> app:1)"),
        },
    ),
    ("stopped", with_container("api", status="exited"), {"api": Intent("up", "start (it is exited)")}),
    ("created only", with_container("api", status="created"), {"api": Intent("up", "start (it is created)")}),
    ("unhealthy", with_container("api", health="unhealthy"), {"api": Intent("restart", "restart (it is unhealthy)")}),
    ("starting", with_container("api", health="starting"), {}),
    (
        "boot file newer",
        watching("api/boot.conf", changed_ns=AFTER),
        {"api": Intent("restart", "restart (api/boot.conf changed after its start)")},
    ),
    (
        "secret newer",
        watching("/etc/preprod/secrets/api/key", changed_ns=AFTER),
        {"api": Intent("restart", "restart (/etc/preprod/secrets/api/key changed after its start)")},
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
        replace(GOOD, containers=(*GOOD.containers, container("worker", "sha256:aaaaaaaa0"))),
        {"worker": Intent("up", "remove (no longer declared)")},
    ),
    (
        "one of two replicas is wrong",
        replace(GOOD, containers=(*GOOD.containers, container("api", "sha256:aaaaaaaa0", status="dead"))),
        {"api": Intent("up", "start (it is dead)")},
    ),
    (
        "nothing to compare with",
        ProjectState(),
        {name: Intent("up", "create (nothing to compare with yet)") for name in FOUND},
    ),
]


@pytest.mark.parametrize(("found", "intents"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_is_done_about_each_situation(found: ProjectState, intents: dict[str, Intent]) -> None:
    assert plan([API, CADDY, MIGRATE], found) == intents


def test_a_part_of_the_project_leaves_the_rest_alone() -> None:
    assert plan([API], GOOD, orphans=False) == {}


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
