"""The Compose operation: says in a dry run what it will do and why, and does nothing when nothing differs."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pyinfra import host, logger
from pyinfra.api import StringCommand, operation

from preprod.facts.compose import Container, Containers, Project, ProjectState
from preprod.facts.shell import StandardInput, script
from preprod.operations.bundle import archive
from preprod.paths import BASE
from preprod.render.bundle import Bundle, digest, read_by


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
    one_shot: bool = False


def service(
    name: str,
    image: str,
    bundle: Bundle,
    hidden_files: Iterable[str] = (),
    reload_command: Iterable[str] = (),
    one_shot: bool = False,
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
        one_shot=one_shot,
    )


@dataclass(frozen=True)
class Intent:
    """What happens to one service: ``up`` creates, recreates or starts it; the others do what they say."""

    verb: str
    reason: str


def plan(services: Sequence[Service], found: ProjectState, orphans: bool = True) -> dict[str, Intent]:
    """Service -> what must happen to it; services that are as they should be are left out.

    :param orphans: whether containers of other services of the project are to go.
    """
    if found.hashes is None:
        return {s.name: Intent("up", "create (nothing to compare with yet)") for s in services}
    intents: dict[str, Intent] = {}
    for wanted in services:
        containers = [c for c in found.containers if c.service == wanted.name]
        intent = _intent(wanted, containers, found)
        if intent:
            intents[wanted.name] = intent
    if orphans:
        known = {s.name for s in services}
        intents |= {
            c.service: Intent("up", "remove (no longer declared)") for c in found.containers if c.service not in known
        }
    return intents


def _intent(wanted: Service, containers: Sequence[Container], found: ProjectState) -> Intent | None:
    if not containers:
        return Intent("up", "create")
    for container in containers:
        intent = _recreate(wanted, container, found) or _revive(wanted, container, found)
        if intent:
            return intent
    return _reload(wanted, containers[0], found)


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
    differs = [
        path
        for path, sha in wanted.reload_files.items()
        if path not in found.watched or found.watched[path].sha256 != sha
    ]
    if differs:
        return Intent("reload", f"reload ({differs[0]} changes)")
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


@operation()
def up(
    project: str,
    bundle: Bundle,
    services: Sequence[Service],
    timeout: int,
    orphans: bool = True,
) -> Generator[StringCommand, None, None]:
    """
    The named services run as the candidate bundle says, and are healthy.

    + project: name of the Compose project
    + bundle: the files of the host; ``compose.yaml`` is compared even before it has been uploaded
    + services: the services to look after
    + timeout: seconds that a service may take to become healthy
    + orphans: whether containers of other services of the project are removed

    **Example:**

    .. code:: python

        compose.up(name="App | up", project="socialize", bundle=bundle, services=[service(...)], timeout=180)
    """
    found = _look(project, bundle, services)
    intents = plan(services, found, orphans)
    if not intents:
        host.noop(f"{len(services)} services are as they should be")
        return
    for name, intent in sorted(intents.items()):
        host.log(f"{name}: {intent.reason}")
    if any(intent.verb != "reload" for intent in intents.values()):
        yield from _bring_up(project, intents, services, orphans)
        # Never before a command: a dry run goes on to the first one, and must not wait.
        yield from _wait(project, services, timeout)
    yield from _reload_all(project, intents, services)


def _look(project: str, bundle: Bundle, services: Sequence[Service]) -> ProjectState:
    found: ProjectState = host.get_fact(
        Project,
        project=project,
        directory=BASE,
        images=sorted({s.image for s in services}),
        files=sorted({path for s in services for path in (*s.boot_files, *s.reload_files)}),
        hidden=sorted({path for s in services for path in s.hidden_files}),
        _stdin=StandardInput(archive({"compose.yaml": bundle["compose.yaml"]})),
    )
    if found.refusal:
        logger.debug(found.refusal)
    return found


def _bring_up(
    project: str, intents: Mapping[str, Intent], services: Sequence[Service], orphans: bool
) -> Generator[StringCommand, None, None]:
    verbs = {verb: [name for name, i in intents.items() if i.verb == verb] for verb in ("up", "restart")}
    if verbs["up"]:
        which = ["--remove-orphans"] if orphans else [s.name for s in services]
        yield script("compose-up", project, *which)
    if verbs["restart"]:
        yield script("compose-restart", project, *verbs["restart"])


def _wait(project: str, services: Sequence[Service], timeout: int) -> Generator[StringCommand, None, None]:
    """Polls with progress lines until all is well; else a failing command that shows why it is not."""
    deadline = time.monotonic() + timeout
    while True:
        containers = host.get_fact(Containers, project=project, patience=min(10, timeout))
        waiting, broken = judge(services, containers)
        if not waiting and not broken:
            return
        if broken or time.monotonic() > deadline:
            why = ", ".join(broken or (f"{name} not healthy after {timeout} s" for name in waiting))
            yield script("compose-fail", project, why)
            return
        host.log(f"waiting for {', '.join(waiting)} ({max(0, deadline - time.monotonic()):.0f} s left)")


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
            elif container.health == "unhealthy" or container.status in ("exited", "dead") or container.restarts > 3:
                broken.append(f"{wanted.name} is {container.status}, {container.health}")
            elif container.status != "running" or container.health == "starting":
                waiting.append(wanted.name)
    return waiting, broken


def _reload_all(
    project: str, intents: Mapping[str, Intent], services: Sequence[Service]
) -> Generator[StringCommand, None, None]:
    for wanted in services:
        if wanted.name in intents and intents[wanted.name].verb == "reload":
            yield script(
                "compose-reload",
                project,
                wanted.name,
                wanted.reload_digest,
                *wanted.reload_files,
                "--",
                *wanted.reload_command,
            )
