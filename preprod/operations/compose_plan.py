"""What must happen to each service of a project, from how it was found: decisions only, nothing here acts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from preprod.facts.compose import Container, ProjectState
from preprod.render.bundle import Bundle, digest, read_by

Stage = Literal["backing", "before", "rolled", "rest"]
"""When a service has its turn: what others stand on, what runs once before them, what is replaced without a gap
(the new container beside the old), and the rest."""


@dataclass(frozen=True)
class Service:
    """What the operation knows of one service besides ``compose.yaml``."""

    name: str
    image: str
    boot_files: tuple[str, ...] = ()
    """Paths in the bundle that it reads at start."""
    hidden_files: tuple[str, ...] = ()
    """Absolute paths of its secrets, read at start."""
    reload_files: Mapping[str, str] = field(default_factory=dict)
    """Path in the bundle -> SHA-256, of what it reads again when told to."""
    reload_digest: str = ""
    reload_command: tuple[str, ...] = ()
    stage: Stage = "rest"

    @property
    def one_shot(self) -> bool:
        """Whether it ends by itself."""
        return self.stage == "before"


def service(
    name: str,
    image: str,
    bundle: Bundle,
    hidden_files: Iterable[str] = (),
    reload_command: Iterable[str] = (),
    stage: Stage = "rest",
) -> Service:
    """A :class:`Service` with the files that a bundle holds for it."""
    reload_files = read_by(bundle, name, "reload")
    return Service(
        name,
        image,
        boot_files=tuple(read_by(bundle, name, "boot")),
        hidden_files=tuple(hidden_files),
        reload_files={path: file.sha256 for path, file in reload_files.items()},
        reload_digest=digest(reload_files),
        reload_command=tuple(reload_command),
        stage=stage,
    )


@dataclass(frozen=True)
class Intent:
    """What happens to one service: ``up`` creates, recreates, starts or (once rolled) replaces it; ``remove`` is for
    one that is no longer declared; the others do what they say."""

    verb: str
    reason: str


def plan(services: Sequence[Service], found: ProjectState) -> dict[str, Intent]:
    """Service -> what must happen to it; services that are as they should be are left out."""
    if found.hashes is None:
        return {s.name: Intent("up", "create (nothing to compare with yet)") for s in services}
    intents: dict[str, Intent] = {}
    for wanted in services:
        containers = [c for c in found.containers if c.service == wanted.name]
        intent = _intent(wanted, containers, found)
        if intent:
            intents[wanted.name] = intent
    gone = (c.service for c in found.containers if c.service not in found.hashes)
    intents |= {name: Intent("remove", "remove (no longer declared)") for name in gone}
    return intents


def _intent(wanted: Service, containers: Sequence[Container], found: ProjectState) -> Intent | None:
    if not containers:
        return Intent("up", "create")
    if wanted.stage == "rolled":
        return _roll(wanted, containers, found)
    for container in containers:
        intent = differs(wanted, container, found)
        if intent:
            return intent
    return _reload(wanted, containers[0], found)


def differs(wanted: Service, container: Container, found: ProjectState) -> Intent | None:
    """What must be done about one container; None when it is as it should be."""
    return _recreate(wanted, container, found) or _revive(wanted, container, found)


def _roll(wanted: Service, containers: Sequence[Container], found: ProjectState) -> Intent | None:
    wrong = [intent for container in containers if (intent := differs(wanted, container, found))]
    if len(wrong) == len(containers):
        return Intent("up", f"replace without a gap; it would {wrong[0].reason}")
    if len(containers) > 1:
        return Intent("up", f"retire {len(containers) - 1} old container(s)")
    if found.upstreams.get(wanted.name) != containers[0].name:
        return Intent("up", f"lead requests to {containers[0].name}")
    return None


def _recreate(wanted: Service, container: Container, found: ProjectState) -> Intent | None:
    want = (found.hashes or {}).get(wanted.name, "")
    if container.config_hash != want:
        return Intent("up", f"recreate (config {container.config_hash[:8]} -> {want[:8]})")
    image = found.images.get(wanted.image, "")
    if container.image != image:
        return Intent("up", f"recreate (image {_short(container.image)} -> {_short(image) or wanted.image})")
    return None


def _revive(wanted: Service, container: Container, found: ProjectState) -> Intent | None:
    if wanted.one_shot:
        failed = container.status != "exited" or container.exit_code != 0
        return Intent("up", f"run again (it {container.status} with code {container.exit_code})") if failed else None
    if container.status != "running":
        return Intent("up", f"start (it is {container.status})")
    if container.health == "unhealthy":
        return Intent("restart", "restart (it is unhealthy)")
    newer = _changed_since(container, (*wanted.boot_files, *wanted.hidden_files), found)
    return Intent("restart", f"restart ({newer} changed after its start)") if newer else None


def _reload(wanted: Service, container: Container, found: ProjectState) -> Intent | None:
    if not wanted.reload_files:
        return None
    changed = [
        path
        for path, sha in wanted.reload_files.items()
        if path not in found.watched or found.watched[path].sha256 != sha
    ]
    if changed:
        return Intent("reload", f"reload ({changed[0]} changes)")
    newer = _changed_since(container, wanted.reload_files, found)
    if not newer or found.stamps.get(wanted.name) == stamp(wanted, container):
        return None
    return Intent("reload", f"reload ({newer} changed after its start)")


def stamp(wanted: Service, container: Container) -> str:
    """What is recorded after a successful reload: true only of this container, since this start, with these files."""
    return f"{container.identifier} {container.started} {wanted.reload_digest}"


def _changed_since(container: Container, paths: Iterable[str], found: ProjectState) -> str | None:
    newer = (p for p in paths if p in found.watched and found.watched[p].changed_ns > container.started_ns)
    return next(newer, None)


def _short(image: str) -> str:
    return image.removeprefix("sha256:")[:8]


def judge(services: Sequence[Service], containers: Collection[Container]) -> tuple[list[str], list[str]]:
    """Names of services to wait for, and sentences on those for which waiting does not help."""
    waiting, broken = [], []
    for wanted in services:
        own = [c for c in containers if c.service == wanted.name]
        if not own:
            broken.append(f"{wanted.name} has no container")
        for container in own:
            if wanted.one_shot:
                if container.status == "exited" and container.exit_code:
                    broken.append(f"{wanted.name} ended with code {container.exit_code}")
                elif container.status != "exited":
                    waiting.append(wanted.name)
            elif _hopeless(container):
                broken.append(f"{wanted.name} is {container.status}, {container.health}")
            elif container.status != "running" or container.health == "starting":
                waiting.append(wanted.name)
    return waiting, broken


def _hopeless(container: Container) -> bool:
    """Whether it cannot become healthy by itself; one that is healthy may have restarted often in its long life."""
    crashes = container.restarts > 3 and container.health != "healthy"
    return crashes or container.health == "unhealthy" or container.status in ("exited", "dead")
