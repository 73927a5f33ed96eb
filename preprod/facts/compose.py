"""The Compose project of a host: what a candidate file asks for, and what runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from pyinfra.api import StringCommand
from typing_extensions import override

from preprod.facts.docker import DockerFact
from preprod.facts.shell import script


@dataclass(frozen=True)
class Container:
    """One container of the project."""

    service: str
    config_hash: str
    status: str
    """As the engine says it: ``running``, ``exited``, ``restarting``, ``created`` ..."""
    exit_code: int
    health: str
    """``healthy``, ``starting``, ``unhealthy``, or ``none`` where there is no health check."""
    restarts: int
    image: str
    identifier: str
    started: str
    name: str

    @property
    def started_ns(self) -> int:
        return _nanoseconds(self.started)


@dataclass(frozen=True)
class Watched:
    """A file that a service reads: when it last changed on the host, and its digest (not taken of secrets)."""

    changed_ns: int
    sha256: str = ""


@dataclass(frozen=True)
class ProjectState:
    """``hashes`` is None where the candidate cannot be compared: no engine, no Compose, or a file it refuses."""

    hashes: dict[str, str] | None = None
    containers: tuple[Container, ...] = ()
    images: dict[str, str] = field(default_factory=dict)
    watched: dict[str, Watched] = field(default_factory=dict)
    stamps: dict[str, str] = field(default_factory=dict)
    upstreams: dict[str, str] = field(default_factory=dict)
    """Rolled service -> name of the container that Caddy leads requests to."""
    refusal: str = ""


class Project(DockerFact[ProjectState]):
    """Candidate and reality of a Compose project in one round trip; right before any file has been uploaded.

    :param project: name of the Compose project.
    :param directory: its project directory on the host.
    :param images: references whose ids are wanted.
    :param files: files below the directory to watch, relative.
    :param hidden: files to watch whose content is not looked at, absolute.

    .. code:: python

        state = host.get_fact(Project, project="socialize", directory="/srv/preprod", _stdin=archive({...}))
    """

    default = ProjectState

    @override
    def command(
        self,
        project: str,
        directory: str,
        images: Iterable[str] = (),
        files: Iterable[str] = (),
        hidden: Iterable[str] = (),
    ) -> StringCommand:
        return script("compose-look", project, directory, " ".join(images), " ".join(files), " ".join(hidden))

    @override
    def process(self, output: list[str]) -> ProjectState:
        found: dict[str, list[str]] = {}
        for line in output:
            kind, _, rest = line.partition(" ")
            found.setdefault(kind, []).append(rest)
        return ProjectState(
            hashes=_pairs(found["want"]) if "want" in found else None,
            containers=tuple(map(_container, found.get("have", []))),
            images=_pairs(found.get("image", [])),
            watched=dict(map(_watched, found.get("watch", []))),
            stamps=_pairs(found.get("stamp", [])),
            upstreams=_pairs(found.get("upstream", [])),
            refusal="\n".join(found.get("refusal", [])),
        )


class Containers(DockerFact[tuple[Container, ...]]):
    """The containers of a project, after at most ``patience`` seconds of waiting for none of them to be unsettled.

    :param project: name of the Compose project.
    :param patience: seconds to wait on the host for health, so that a wait is few round trips.
    :param one_shots: services that end by themselves and are waited for until they have.

    .. code:: python

        containers = host.get_fact(Containers, project="socialize", patience=10)
    """

    default = tuple

    @override
    def command(self, project: str, patience: int = 0, one_shots: Iterable[str] = ()) -> StringCommand:
        return script("compose-wait", project, str(patience), "|".join(one_shots) or "-")

    @override
    def process(self, output: list[str]) -> tuple[Container, ...]:
        return tuple(_container(line.removeprefix("have ")) for line in output if line)


def _pairs(lines: Iterable[str]) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in lines)


def _container(line: str) -> Container:
    service, config_hash, status, code, health, restarts, image, identifier, started, name = line.split(" ")
    counts = (int(code), health, int(restarts))
    return Container(service, config_hash, status, *counts, image, identifier, started, name.removeprefix("/"))


def _watched(line: str) -> tuple[str, Watched]:
    changed, sha256, path = line.split(" ", 2)
    seconds, _, fraction = changed.partition(".")
    return path, Watched(int(seconds) * 10**9 + int(fraction.ljust(9, "0")[:9]), sha256.strip("-"))


def _nanoseconds(timestamp: str) -> int:
    """Nanoseconds since the epoch of an RFC 3339 time in UTC, as the engine writes it (to nine digits)."""
    whole, _, fraction = timestamp.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * 10**9 + int((fraction or "0").ljust(9, "0")[:9])
