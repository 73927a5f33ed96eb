"""The package under test as an operator uses it: pyinfra in a subprocess, against the inventory of one world."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness import RELEASES, World

ROOT = Path(__file__).resolve().parents[2]

ON_ONE = pytest.mark.parametrize("package", RELEASES[:1], indirect=True, scope="session")
"""For tests of what no release of Debian and of its engine does otherwise: one world of them is enough."""

API = "$(docker ps -q --filter label=com.docker.compose.service=api)"
"""In a shell command: the app's container, whose name changes with each replacement."""


VERIFY_SECONDS = 900
"""For the whole suite: it waits for stores, and for what rules record by the minute."""


@dataclass(frozen=True)
class Run:
    """What a run of pyinfra gave."""

    code: int
    stdout: str
    stderr: str

    @property
    def changed(self) -> dict[str, int]:
        """Operation -> hosts on which it did something."""
        operations = json.loads(self.stdout)["results"]["operations"]
        return {operation["name"]: len(operation["success"]) for operation in operations if operation["success"]}

    @property
    def predicted(self) -> set[str]:
        """Operations that a dry run says would change something."""
        return {operation["name"] for operation in json.loads(self.stdout)["plan"] if operation["hosts_with_change"]}

    @property
    def said(self) -> str:
        return self.stdout + self.stderr


@dataclass
class Package:
    """This package on the way to one world.

    ``data`` goes into the inventory; ``environment`` is added to pyinfra's. ``settled`` says that the last deploy was
    by ``data`` alone and found nothing to do: the next test need not prove it again.
    """

    world: World
    data: Mapping[str, Any]
    settled: bool = False

    def deploy(self, *options: str, environment: Mapping[str, str] | None = None, **data: Any) -> Run:
        """``pyinfra -y --json``; ``data`` is stronger than that of the package."""
        run = self._run("-y", "--json", *options, environment=environment, data=data)
        self.settled = not data and not environment and run.code == 0 and run.changed == {}
        return run

    def dry_run(self, *options: str, environment: Mapping[str, str] | None = None, **data: Any) -> Run:
        """``pyinfra --dry --diff --json``."""
        return self._run("--dry", "--diff", "--json", *options, environment=environment, data=data)

    def verify(self, *options: str, data: Mapping[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        """The suite that operators run, against this world."""
        inventory = f"--inventory={self._inventory(**(data or {}))}"
        command = [sys.executable, "-m", "pytest", "-q", "tests/verify", inventory, *options]
        try:
            return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=VERIFY_SECONDS)
        except subprocess.TimeoutExpired as late:
            said = "".join(map(_text, (late.stdout, late.stderr)))
            pytest.fail(f"the suite did not end within {VERIFY_SECONDS} s; it had said:\n{said}", pytrace=False)

    def deploy_killed_at(self, operation: str, **data: Any) -> str:
        """Start a deploy and kill its whole process group as soon as it says that it starts this operation."""
        command = self._command("-y", data=data)
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            assert process.stderr is not None
            said = _read_until(process.stderr.readline, f"Starting operation: {operation}")
            os.killpg(process.pid, signal.SIGKILL)
        return said

    def _run(self, *options: str, environment: Mapping[str, str] | None, data: Mapping[str, Any]) -> Run:
        done = subprocess.run(
            self._command(*options, data=data),
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=1200,
            stdin=subprocess.DEVNULL,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def _command(self, *options: str, data: Mapping[str, Any]) -> list[str]:
        return [sys.executable, "-m", "pyinfra", *options, str(self._inventory(**data)), "deploy.py"]

    def _inventory(self, **data: Any) -> Path:
        return self.world.inventory(self.world.directory / "inventory.py", **{**self.data, **data})


def _text(said: str | bytes | None) -> str:
    """Of a process that was ended: bytes, whatever was asked for."""
    return said.decode(errors="replace") if isinstance(said, bytes) else said or ""


def _read_until(readline: Callable[[], str], text: str) -> str:
    said = ""
    while text not in said:
        line = readline()
        assert line, f"the run ended before it said {text!r}:\n{said}"
        said += line
    return said
