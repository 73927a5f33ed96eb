"""A Compose project of five services, as it is found on a host, and in the words in which the host tells of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from preprod.facts.compose import Container, ProjectState, Watched
from preprod.operations.compose_plan import Service, stamp

START = "2026-11-20T10:00:00.5Z"
AT_START = 1_795_168_800_500_000_000
BEFORE, AFTER = AT_START - 1, AT_START + 1

POSTGRES = Service("postgres", "postgres:17", stage="backing")
API = Service(
    "api", "app:1", boot_files=("api/boot.conf",), hidden_files=("/etc/preprod/secrets/api/key",), stage="rolled"
)
WORKER = Service("worker", "app:1", boot_files=("api/boot.conf",), hidden_files=("/etc/preprod/secrets/worker/key",))
CADDY = Service(
    "caddy", "caddy:2", reload_files={"caddy/Caddyfile": "c0"}, reload_digest="d1", reload_command=("caddy", "reload")
)
MIGRATE = Service("migrate", "app:1", stage="before")
SERVICES = [POSTGRES, API, WORKER, CADDY, MIGRATE]


def container(service: str, image: str, **changes: Any) -> Container:
    ran = Container(
        service, f"hash-{service}", "running", 0, "healthy", 0, image, f"id-{service}", START, f"socialize-{service}-1"
    )
    return replace(ran, **changes)


FOUND = {
    "postgres": container("postgres", "sha256:dddddddd0"),
    "api": container("api", "sha256:aaaaaaaa0"),
    "worker": container("worker", "sha256:aaaaaaaa0"),
    "caddy": container("caddy", "sha256:cccccccc0"),
    "migrate": container("migrate", "sha256:aaaaaaaa0", status="exited", health="none"),
}
GOOD = ProjectState(
    hashes={name: f"hash-{name}" for name in FOUND},
    containers=tuple(FOUND.values()),
    images={"postgres:17": "sha256:dddddddd0", "app:1": "sha256:aaaaaaaa0", "caddy:2": "sha256:cccccccc0"},
    watched={
        "api/boot.conf": Watched(BEFORE, "b0"),
        "/etc/preprod/secrets/api/key": Watched(BEFORE),
        "/etc/preprod/secrets/worker/key": Watched(BEFORE),
        "caddy/Caddyfile": Watched(BEFORE, "c0"),
    },
    upstreams={"api": "socialize-api-1"},
)


def having(service: str, *containers: Container, of: ProjectState = GOOD) -> ProjectState:
    """A state, the good one unless said otherwise, but with these containers of one service."""
    others = (c for c in of.containers if c.service != service)
    return replace(of, containers=(*containers, *others))


def with_container(service: str, **changes: Any) -> ProjectState:
    return having(service, replace(FOUND[service], **changes))


def without(service: str) -> ProjectState:
    return having(service)


def watching(path: str, **changes: Any) -> ProjectState:
    return replace(GOOD, watched={**GOOD.watched, path: replace(GOOD.watched[path], **changes)})


RELOADED = stamp(CADDY, FOUND["caddy"])
CADDYFILE_NEWER = watching("caddy/Caddyfile", changed_ns=AFTER)
ORPHAN = container("mailer", "sha256:aaaaaaaa0")

OLD = container("api", "sha256:aaaaaaaa0", config_hash="0123456789")
NEW = container("api", "sha256:aaaaaaaa0", identifier="id-api-2", name="socialize-api-2")
"""What takes the place of ``OLD``."""


def line(c: Container) -> str:
    """A container in the words of ``compose-containers``."""
    state = (c.service, c.config_hash, c.status, c.exit_code, c.health, c.restarts)
    return " ".join(["have", *map(str, state), c.image, c.identifier, c.started, f"/{c.name}"])


def seen(state: ProjectState) -> str:
    """The containers in the words of ``compose-wait``."""
    return "\n".join(map(line, state.containers))


def look(state: ProjectState) -> str:
    """The whole state in the words of ``compose-look``."""
    return "\n".join(
        [
            *(f"want {name} {value}" for name, value in (state.hashes or {}).items()),
            *map(line, state.containers),
            *(f"image {name} {value}" for name, value in state.images.items()),
            *(
                f"watch {w.changed_ns // 10**9}.{w.changed_ns % 10**9:09d} {w.sha256 or '-'} {path}"
                for path, w in state.watched.items()
            ),
            *(f"upstream {name} {value}" for name, value in state.upstreams.items()),
            *(f"stamp {name} {value}" for name, value in state.stamps.items()),
        ]
    )
