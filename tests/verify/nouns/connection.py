"""How commands, the Docker API and requests reach a host."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from verify.nouns.errors import NotVerifiable
from verify.nouns.inventory import InventoryHost
from verify.nouns.relay import TcpRelay, UnixRelay

ENGINE_SOCKET = "/var/run/docker.sock"
_DIAL_ENGINE = ("docker", "system", "dial-stdio")


class Connection(Protocol):
    """A way to one host."""

    spec: str
    """The host as testinfra names it."""

    def engine(self) -> str:
        """URL by which the Docker SDK reaches the host's engine."""

    def way_to(self, address: str, port: int) -> tuple[str, int]:
        """Address and port here that lead to a place which the host reaches: its loopback address, a container."""

    def close(self) -> None:
        """End what was opened."""


class Local:
    """This machine."""

    def __init__(self, data: Mapping[str, Any], directory: Path) -> None:
        self._sudo = bool(data.get("_sudo"))
        self._relay: UnixRelay | None = None
        self._directory = directory
        self.spec = f"local://?sudo={self._sudo}" if self._sudo else "local://"

    def engine(self) -> str:
        if not self._sudo:
            return f"unix://{ENGINE_SOCKET}"
        self._relay = UnixRelay(self._directory / "engine", ["sudo", "-n", *_DIAL_ENGINE])
        return f"unix://{self._relay.path}"

    def way_to(self, address: str, port: int) -> tuple[str, int]:
        return address, port

    def close(self) -> None:
        if self._relay:
            self._relay.close()


class Ssh:
    """A host over SSH: its key known beforehand, one connection that everything shares."""

    def __init__(self, name: str, data: Mapping[str, Any], directory: Path) -> None:
        self._name = name.removeprefix("@ssh/")
        self._sudo = bool(data.get("_sudo"))
        self._directory = directory
        self._relays: dict[object, UnixRelay | TcpRelay] = {}
        self._config = directory / "config"
        self._config.write_text(_ssh_config(self._name, data, directory))
        self.spec = f"ssh://{self._name}?ssh_config={self._config}" + ("&sudo=true" if self._sudo else "")
        self._reach()

    def _reach(self) -> None:
        answer = subprocess.run(self._argv("true"), capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if answer.returncode == 255:
            reason = (answer.stderr.strip().splitlines() or ["no answer"])[-1]
            raise NotVerifiable(f"{self._name} cannot be reached over SSH: {reason}")

    def _argv(self, *command: str) -> list[str]:
        return ["ssh", "-F", str(self._config), self._name, shlex.join(command)]

    def engine(self) -> str:
        # Not a forwarded socket: sshd opens that as the user who logs in, not as root.
        argv = self._argv(*(("sudo", "-n") if self._sudo else ()), *_DIAL_ENGINE)
        relay = self._relays["engine"] = UnixRelay(self._directory / "engine", argv)
        return f"unix://{relay.path}"

    def way_to(self, address: str, port: int) -> tuple[str, int]:
        relay = self._relays.get((address, port))
        if not isinstance(relay, TcpRelay):
            argv = ["ssh", "-F", str(self._config), "-W", f"{address}:{port}", self._name]
            relay = self._relays[address, port] = TcpRelay(argv)
        return relay.address

    def close(self) -> None:
        for relay in self._relays.values():
            relay.close()
        subprocess.run(["ssh", "-F", str(self._config), "-O", "exit", self._name], capture_output=True)


def _ssh_config(name: str, data: Mapping[str, Any], directory: Path) -> str:
    options = {
        "HostName": data.get("ssh_hostname"),
        "Port": data.get("ssh_port"),
        "User": data.get("ssh_user"),
        "IdentityFile": data.get("ssh_key"),
        "UserKnownHostsFile": data.get("ssh_known_hosts_file"),
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
        "ConnectTimeout": "10",
        "LogLevel": "ERROR",
        "ControlMaster": "auto",
        "ControlPersist": "60",
        "ControlPath": directory / "mux",
    }
    lines = [f"Host {name}", *(f'  {key} "{value}"' for key, value in options.items() if value)]
    # What the inventory leaves open comes from the user's own file, as in pyinfra.
    lines += ["Match all", f"  Include {data.get('ssh_config_file', '~/.ssh/config')}"]
    return "\n".join(lines) + "\n"


def connect(host: InventoryHost, directory: Path) -> Connection:
    """The way to a host.

    :param directory: for sockets and configuration; private to this user, its path short.
    :raises NotVerifiable: the host cannot be reached, or not in a way that this suite knows.
    """
    if host.name == "@local":
        return Local(host.data, directory)
    if host.name.startswith("@") and not host.name.startswith("@ssh/"):
        raise NotVerifiable(f"{host.name} cannot be verified: only @local and hosts over SSH can")
    if host.data.get("ssh_password"):
        raise NotVerifiable(f"{host.name} logs in with a password: give it a key (ssh_key) to be verified")
    return Ssh(host.name, host.data, directory)
