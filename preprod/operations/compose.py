"""The Compose operation: says in a dry run what it will do and why, and does nothing when nothing differs."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence

from pyinfra import host, logger, state
from pyinfra.api import StringCommand, operation

from preprod.facts.compose import Container, Containers, Project, ProjectState
from preprod.facts.shell import StandardInput, script
from preprod.operations import alertmanager, database
from preprod.operations.bundle import archive
from preprod.operations.compose_plan import Intent, Service, differs, judge, plan
from preprod.paths import BASE
from preprod.render.bundle import Bundle
from preprod.render.compose import FILES

Commands = Generator[StringCommand, None, None]

_DOWN = ("created", "exited", "dead")
"""States of a container that serves nobody; rollout-start removes them."""

_WAITS = 4
"""How often a run may wait its timeout: for the backing services, what runs once, the app, the rest."""

_UPSET = ("app", "containers", "probes")
"""Components whose alerts a rollout may cause. Not Postgres: it is back before its alert is due, or missed."""


@operation()
def converged(project: str, bundle: Bundle, services: Sequence[Service], timeout: int) -> Commands:
    """
    Every service of the project runs as the candidate bundle says, and is healthy: first what the others stand on, then
    the database role follows its secret, then what runs once, then the app, replaced without a gap, then the rest.
    Alerts about what a rollout upsets are not sent meanwhile.

    + project: name of the Compose project
    + bundle: the files of the host; the Compose files are compared even before they have been uploaded
    + services: all services of the project
    + timeout: seconds that a service may take to become healthy

    **Example:**

    .. code:: python

        compose.converged(name="services", project="socialize", bundle=bundle, services=[...], timeout=180)
    """
    found = _look(project, bundle, services)
    intents = plan(services, found)
    for name, intent in sorted(intents.items()):
        host.log(f"{name}: {intent.reason}")
    run = _Run(project, services, found, intents, timeout)
    heeded = bool(intents) and any(c.service == "alertmanager" and c.status == "running" for c in found.containers)
    if heeded:
        about = [*_UPSET, *sorted(intents.keys() - {"postgres"})]
        yield from alertmanager.silenced._inner(project=project, components=about, seconds=_WAITS * timeout)
    yield from run.bring_up("backing")
    yield from database.roles_follow_secrets._inner(project=project)
    yield from run.bring_up("before")
    for wanted in services:
        if wanted.stage == "rolled" and wanted.name in intents:
            yield from run.replace(wanted)
    yield from run.bring_up("rest")
    yield from run.reload()
    if heeded:
        yield from alertmanager.heard._inner(project=project)
    if not intents:
        host.noop(f"{len(services)} services are as they should be")


def _look(project: str, bundle: Bundle, services: Sequence[Service]) -> ProjectState:
    found: ProjectState = host.get_fact(
        Project,
        project=project,
        directory=BASE,
        images=sorted({s.image for s in services}),
        files=sorted({path for s in services for path in (*s.boot_files, *s.reload_files)}),
        hidden=sorted({path for s in services for path in s.hidden_files}),
        _stdin=StandardInput(archive({name: bundle[name] for name in FILES if name in bundle})),
    )
    if found.refusal:
        logger.debug(found.refusal)
    return found


class _Run:
    """One run of the operation: what was found and what is meant, shared by its steps."""

    def __init__(
        self,
        project: str,
        services: Sequence[Service],
        found: ProjectState,
        intents: Mapping[str, Intent],
        timeout: int,
    ) -> None:
        self.project = project
        self.services = services
        self.found = found
        self.intents = intents
        self.timeout = timeout

    def bring_up(self, stage: str) -> Commands:
        """The services of one stage: created, recreated, started or restarted together, then waited for."""
        members = [s for s in self.services if s.stage == stage]
        up = [s.name for s in members if self._verb(s.name) == "up"]
        restart = [s.name for s in members if self._verb(s.name) == "restart"]
        orphans = stage == "rest" and any(i.verb == "remove" for i in self.intents.values())
        if up or orphans:
            yield script(
                "compose-up", self.project, *(["--remove-orphans"] if orphans else []), *(up or _names(members))
            )
        if restart:
            yield script("compose-restart", self.project, *restart)
        if up or restart:
            yield from self._wait(members)

    def replace(self, wanted: Service) -> Commands:
        """A new container beside the old; when it is healthy requests are led to it, and the old one drains and goes.

        A new container that does not become healthy is removed, if there is an old one that goes on serving.
        """
        own = [c for c in self.found.containers if c.service == wanted.name]
        good = [c.identifier for c in own if not self._wrong(wanted, c)]
        if not good:
            yield script("rollout-start", self.project, wanted.name)
            good = self._new(wanted, [c.identifier for c in own])
        new = good[0] if good else ""
        yield from self._wait([wanted], only=new, giving_up=self._abandoning(new, own))
        yield script("rollout-finish", self.project, wanted.name, new, *self._read_by_caddy())

    def _read_by_caddy(self) -> list[str]:
        return [path for service in self.services if service.name == "caddy" for path in service.reload_files]

    def _abandoning(self, new: str, own: Sequence[Container]) -> Callable[[str], StringCommand] | None:
        """How a new container is given up; not at all where no other is up, for that would leave none."""
        if all(c.identifier == new or c.status in _DOWN for c in own):
            return None
        return lambda why: script("rollout-abandon", self.project, new, why)

    def _wrong(self, wanted: Service, container: Container) -> bool:
        return self.found.hashes is None or differs(wanted, container, self.found) is not None

    def _new(self, wanted: Service, old: Sequence[str]) -> list[str]:
        containers: tuple[Container, ...] = host.get_fact(Containers, project=self.project, patience=0)
        return [c.identifier for c in containers if c.service == wanted.name and c.identifier not in old]

    def reload(self) -> Commands:
        """What only has to read its files again."""
        for wanted in self.services:
            if self._verb(wanted.name) == "reload":
                about = (self.project, wanted.name, wanted.reload_digest)
                yield script("compose-reload", *about, *wanted.reload_files, "--", *wanted.reload_command)

    def _verb(self, name: str) -> str:
        return self.intents[name].verb if name in self.intents else ""

    def _wait(
        self,
        services: Sequence[Service],
        only: str | None = None,
        giving_up: Callable[[str], StringCommand] | None = None,
    ) -> Commands:
        """Polls with progress lines until all is well; else a failing command that shows why it is not.

        ``only``: identifier of the one container that counts.
        """
        if not state.is_executing:
            return  # What a dry run finds is not going to change.
        deadline = time.monotonic() + self.timeout
        while True:
            containers: tuple[Container, ...] = host.get_fact(
                Containers,
                project=self.project,
                patience=min(10, self.timeout),
                one_shots=[s.name for s in services if s.one_shot],
            )
            waiting, broken = judge(services, [c for c in containers if only in (None, c.identifier)])
            if not waiting and not broken:
                return
            if broken or time.monotonic() > deadline:
                why = ", ".join(broken or (f"{name} not healthy after {self.timeout} s" for name in waiting))
                yield giving_up(why) if giving_up else script("compose-fail", self.project, why)
                return
            host.log(f"waiting for {', '.join(waiting)} ({max(0, deadline - time.monotonic()):.0f} s left)")


def _names(services: Sequence[Service]) -> list[str]:
    return [service.name for service in services]
