"""One test run: its network and its worlds, all labelled, so that nothing of it outlives it."""

from __future__ import annotations

import ipaddress
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .commands import WorldError, docker, execute, need, wait_for
from .controller import is_gone, this_controller
from .images import RELEASES, one_at_a_time, tar_of, world_image
from .network import create_network
from .privileges import engine_options
from .world import SHUTDOWN_SECONDS, World

RUN, CONTROLLER, KEPT = (f"socialize-preprod-world.{name}" for name in ("run", "controller", "kept"))
REMOVAL_SECONDS = 180  # six worlds with engines of their own take up to a minute on two busy cores
VOLUMES = ("/var/lib/docker", "/var/lib/containerd")  # overlay2 cannot lie on the container's own overlay

# The name server as a machine of its own would have it: the engine's 127.0.0.11 answers only in the world's
# own network namespace, and a nested engine replaces loopback addresses by public ones.
_RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))


@dataclass(frozen=True)
class WorldRun:
    """The worlds of one test run on one network; `token` is part of every name, `kept` leaves all behind."""

    token: str
    subnet: ipaddress.IPv4Network
    kept: bool = False
    worlds: list[World] = field(default_factory=list)

    @classmethod
    def start(cls, *, kept: bool = False) -> WorldRun:
        """Remove what dead runs left and make this run's network; WorldError says what is missing."""
        need("docker", "docker.io")
        need("ssh", "openssh-client")
        _need_engine()
        remove_stale()
        token = secrets.token_hex(4)
        subnet = create_network(_network(token), _labels(token, kept))
        _directory(token).mkdir(mode=0o700)
        return cls(token, subnet, kept)

    @property
    def network(self) -> str:
        """Name of this run's bridge network on the outer engine."""
        return _network(self.token)

    @property
    def directory(self) -> Path:
        """Where this run's key files lie on the outer machine."""
        return _directory(self.token)

    def new_world(self, release: str) -> World:
        """Boot a bare host of `release` ("bookworm" or "trixie") and wait until it answers over SSH."""
        if release not in RELEASES:
            raise WorldError(f"there is no world for the release {release!r}, only for {', '.join(RELEASES)}")
        image, number = world_image(release), len(self.worlds) + 1
        name = f"{self.network}-{release}-{number}"
        world = World(name, release, str(self.subnet[number + 1]), self.directory / str(number))
        world.directory.mkdir()
        world.write_ssh_files()
        self.worlds.append(world)
        self._create(world, image)
        docker("start", name)
        world.wait_until_up()
        return world

    def _create(self, world: World, image: str) -> None:
        labels = _labels(self.token, self.kept)
        volumes = {f"{world.name}{path.replace('/', '-')}": path for path in VOLUMES}
        for volume in volumes:
            docker("volume", "create", *labels, volume)
        mounts = [f"--volume={volume}:{path}" for volume, path in volumes.items()]
        mounts.append(f"--volume={_resolver_file(world.directory)}:/etc/resolv.conf")
        place = ["--network", self.network, "--ip", world.address, "--hostname", world.name]
        # as a machine does, a world comes back when it reboots itself
        life = ["--stop-signal=SIGRTMIN+3", f"--stop-timeout={SHUTDOWN_SECONDS}", "--restart=unless-stopped"]
        options = [*labels, *engine_options(), *mounts, *place, *life, "--env=container=docker"]
        docker("create", "--name", world.name, *options, image)
        key = world.ssh_key.with_suffix(".pub").read_text()
        files = tar_of({"/root/.ssh/authorized_keys": (0o600, key)}, {"/root/.ssh": 0o700})
        docker("cp", "-", f"{world.name}:/", stdin=files)

    def close(self) -> None:
        """Remove all worlds, the network and the key files; does nothing when the run is `kept`."""
        if not self.kept:
            for world in self.worlds:
                world.hang_up()
            remove_run(self.token)

    def how_to_enter_and_remove(self) -> str:
        """Shell commands for the one who keeps the worlds of this run."""
        enter = [f"ssh -F {world.ssh_config} {world.name}" for world in self.worlds]
        label = f"label={RUN}={self.token}"
        kinds = {"ps -a": "rm -f", "volume ls": "volume rm", "network ls": "network rm"}
        remove = [f"docker {drop} $(docker {look} -q --filter {label})" for look, drop in kinds.items()]
        return "\n".join([*enter, *remove, f"rm -r {self.directory}"])


@contextmanager
def world_run(*, kept: bool = False) -> Iterator[WorldRun]:
    """A WorldRun that is closed at the end, whatever happens."""
    run = WorldRun.start(kept=kept)
    try:
        yield run
    finally:
        run.close()


def remove_stale() -> None:
    """Remove what test runs left behind whose process is gone, except what was kept on purpose."""
    listed = (docker(*look, "--filter", f"label={CONTROLLER}", "--format", _FORM) for look in _LOOKS)
    found = {tuple(line.split()) for text in listed for line in text.splitlines()}
    for token, controller, kept in sorted(found):
        if kept == "no" and is_gone(controller):
            remove_run(token)


_LOOKS = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
_FORM = " ".join(f'{{{{.Label "{label}"}}}}' for label in (RUN, CONTROLLER, KEPT))


def remove_run(token: str) -> None:
    """Remove the containers, volumes, networks (in this order) and key files of the run `token`.

    Several processes may find the same dead run: the first removes it, the others wait and find nothing.
    """
    with one_at_a_time(_network(token)):
        for look, drop in zip(_LOOKS, (("rm", "--force"), ("volume", "rm"), ("network", "rm")), strict=True):
            _remove_all([*look, "--quiet", "--filter", f"label={RUN}={token}"], drop)
        if _directory(token).exists():
            shutil.rmtree(_directory(token))


def _remove_all(look: Sequence[str], drop: Sequence[str]) -> None:
    """Until `look` lists nothing: a removal whose client was killed goes on in the engine, which refuses a second."""
    complaints = [""]

    def none_left() -> bool:
        if names := docker(*look).split():
            complaints.append(execute(["docker", *drop, *names]).stderr)
        return not names

    try:
        wait_for(none_left, REMOVAL_SECONDS, "their removal")
    except WorldError as error:
        raise WorldError(f"docker {' '.join(drop)}: {error}: {complaints[-1]}") from error


def _network(token: str) -> str:
    return f"preprod-world-{token}"


def _directory(token: str) -> Path:
    return Path(tempfile.gettempdir(), f"preprod-world-{token}")


def _labels(token: str, kept: bool) -> list[str]:
    values = {RUN: token, CONTROLLER: this_controller(), KEPT: "yes" if kept else "no"}
    return [f"--label={name}={value}" for name, value in values.items()]


def _need_engine() -> None:
    try:
        docker("version", "--format", "{{.Server.Version}}", timeout=30)
    except WorldError as error:
        raise WorldError(f"worlds need a running Docker engine at /var/run/docker.sock: {error}") from error


def _resolver_file(directory: Path) -> Path:
    """A resolv.conf with the outer machine's name servers that are not on its loopback."""
    text = "\n".join(path.read_text() for path in _RESOLVERS if path.is_file())
    servers = re.findall(r"^nameserver\s+(?!127\.|::1)(\S+)", text, re.MULTILINE)
    if not servers:
        raise WorldError("the outer machine has no name server a world could ask: see /etc/resolv.conf")
    file = directory / "resolv.conf"
    file.write_text("".join(f"nameserver {server}\n" for server in dict.fromkeys(servers)))
    return file
