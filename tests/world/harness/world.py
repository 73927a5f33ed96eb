"""One throw-away host, seen as its operator sees it: over SSH, with its host key known beforehand."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import snapshot
from .commands import Result, WorldError, check, docker, execute, wait_for

BOOT_SECONDS = 120
SHUTDOWN_SECONDS = 90  # systemd's own DefaultTimeoutStopSec
_PS = "ps -eww -o args="


@dataclass(frozen=True)
class World:
    """A running world; `directory` holds its SSH keys and configuration on the outer machine."""

    name: str
    release: str
    address: str
    directory: Path

    @property
    def ssh_key(self) -> Path:
        """Private key that root of this world accepts."""
        return self.directory / "key"

    @property
    def known_hosts(self) -> Path:
        """The world's host keys, read through the engine, never trusted on first use."""
        return self.directory / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        """For `ssh -F`: strict host key, one shared connection; the host is called by `name`."""
        return self.directory / "ssh_config"

    def run(self, command: str, *, stdin: bytes = b"", timeout: float = 600) -> Result:
        """Run a shell command as root over SSH. `rc` 255 is ssh's own: not reached, or host key refused."""
        return execute(["ssh", "-F", str(self.ssh_config), self.name, command], stdin=stdin, timeout=timeout)

    def check_output(self, command: str, *, stdin: bytes = b"", timeout: float = 600) -> str:
        """Standard output of `run` without the last newline; raises WorldError when the command fails."""
        argv = ["ssh", "-F", str(self.ssh_config), self.name, command]
        return check(argv, stdin=stdin, timeout=timeout).removesuffix("\n")

    def inventory(self, path: Path, /, **data: object) -> Path:
        """Write a pyinfra inventory with this world as its one host, carrying `data` (Python literals)."""
        values = self._ssh_data() | data
        text = f"hosts = [({self.name!r}, {values!r})]\n"
        try:
            ast.literal_eval(text.removeprefix("hosts = "))
        except (ValueError, SyntaxError) as error:
            raise WorldError(f"{path}: inventory data must be Python literals, got {data!r}") from error
        path.write_text(text)
        return path

    def _ssh_data(self) -> dict[str, object]:
        return {
            "ssh_hostname": self.address,
            "ssh_user": "root",
            "ssh_key": str(self.ssh_key),
            "ssh_known_hosts_file": str(self.known_hosts),
            "ssh_strict_host_key_checking": "yes",
        }

    def reboot(self) -> None:
        """Shut systemd down in order, boot again (same disks, same address) and wait until all is up.

        All worlds share the outer kernel: its boot id and uptime do not change, the start of PID 1 does.
        """
        self.hang_up()
        docker("restart", "-t", str(SHUTDOWN_SECONDS), self.name)
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Wait for sshd and for systemd to settle; WorldError names units that failed, with the journal's end."""
        try:
            if wait_for(self._settled, BOOT_SECONDS, f"systemd of {self.name} to settle") != "running":
                raise WorldError(f"{self.name} has failed units: {self._inside('systemctl --failed --plain')}")
            self._learn_host_keys()
            wait_for(lambda: self.run("true").succeeded, BOOT_SECONDS, f"sshd of {self.name} to answer")
        except WorldError as error:
            raise WorldError(f"{error}\n{self.log()}") from error

    def _settled(self) -> str | None:
        if docker("inspect", "--format", "{{.State.Running}}", self.name).strip() != "true":
            raise WorldError(f"{self.name} is not running")
        state = self._engine_exec("systemctl is-system-running --wait").stdout.strip()
        return state if state in {"running", "degraded"} else None

    def log(self, lines: int = 200) -> str:
        """The end of the journal and, for what died before it, of the console."""
        journal = self._engine_exec(f"journalctl --no-pager --lines={lines}")
        console = execute(["docker", "logs", "--tail", str(lines), self.name])
        return "\n".join(text for result in (journal, console) for text in (result.stdout, result.stderr) if text)

    def snapshot(self, paths: Iterable[str] = ("/",), exclude: Iterable[str] = snapshot.VOLATILE) -> snapshot.Snapshot:
        """`{path: Entry}` of the root file system below `paths` without `exclude`, taken without a login."""
        return snapshot.parse(self._inside(snapshot.command(paths, exclude)))

    def processes(self) -> list[str]:
        """Command lines of all processes, those in nested containers too, without the one that asks."""
        lines = (line.strip() for line in self._inside(f"exec {_PS}").splitlines())
        return [line for line in lines if line != _PS]

    def write_ssh_files(self) -> None:
        """Make the key pair and the ssh configuration in `directory`."""
        settings = {
            "HostName": self.address,
            "User": "root",
            "IdentityFile": self.ssh_key,
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self.known_hosts,
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "ConnectTimeout": "10",
            "ControlMaster": "auto",
            "ControlPersist": "60",
            "ControlPath": self.directory / "mux",
            "LogLevel": "ERROR",
        }
        lines = [f"Host {self.name}", *(f"    {name} {value}" for name, value in settings.items())]
        self.ssh_config.write_text("\n".join(lines) + "\n")
        check(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f", str(self.ssh_key)])

    def _learn_host_keys(self) -> None:
        keys = self._inside("cat /etc/ssh/ssh_host_*_key.pub").splitlines()
        lines = (f"{self.address} {' '.join(key.split()[:2])}\n" for key in keys)
        self.known_hosts.write_text("".join(lines))

    def remove(self) -> None:
        """Remove the container with all it holds and its volumes; its SSH connection is closed first."""
        self.hang_up()
        volumes = self._volumes()
        docker("rm", "--force", self.name)
        docker("volume", "rm", *volumes)

    def _volumes(self) -> list[str]:
        form = '{{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}}'
        return docker("inspect", "--format", form, self.name).split()

    def hang_up(self) -> None:
        """End the shared SSH connection, if there is one."""
        execute(["ssh", "-F", str(self.ssh_config), "-O", "exit", self.name])

    def _inside(self, command: str) -> str:
        return docker("exec", self.name, "sh", "-c", command)

    def _engine_exec(self, command: str) -> Result:
        return execute(["docker", "exec", self.name, *shlex.split(command)])
