"""What a refused daemon.json leaves behind, by the scripts themselves on a directory, with an engine that says no."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from preprod.facts import shell

STARTS = "#!/bin/sh\n[ $1 = daemon-reload ] || [ $1 = enable ] || [ ! -e refuses ]\n"
"""Of systemctl and of service: whichever this machine has is asked."""


@dataclass(frozen=True)
class Host:
    root: Path

    def run(self, script: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        text = shell.text(script).replace("/etc/docker", str(self.root / "etc"))
        path = {"PATH": f"{self.root}:{os.environ['PATH']}"}
        command = ["sh", "-euc", text]
        return subprocess.run(command, cwd=self.root, env=path, input=stdin, capture_output=True, text=True)

    def configure(self, text: str) -> None:
        assert self.run("engine-configure", text).returncode == 0

    def refused(self) -> str:
        """What a restart says that fails."""
        (self.root / "refuses").touch()
        done = self.run("engine-restart")
        assert done.returncode == 1
        return done.stderr.strip()

    @property
    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in (self.root / "etc").iterdir()}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    programs = {"systemctl": STARTS, "service": STARTS, "docker": "#!/bin/sh\n", "journalctl": "#!/bin/sh\n"}
    for name, text in programs.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "etc").mkdir()
    return Host(tmp_path)


PENDING = {".preprod-restart-pending": ""}


def test_nothing_is_left_of_a_restart_that_went_well(host: Host) -> None:
    host.configure("new")
    assert host.run("engine-restart").returncode == 0
    assert host.files == {"daemon.json": "new"}
    host.configure("newer")
    assert host.run("engine-restart").returncode == 0
    assert host.files == {"daemon.json": "newer"}


def test_the_old_one_is_back(host: Host) -> None:
    (host.root / "etc/daemon.json").write_text("old")
    host.configure("new")
    assert host.refused() == "the engine refused the new daemon.json: the old one is back"
    assert host.files == {"daemon.json": "old", **PENDING}


def test_where_there_was_none_there_is_none(host: Host) -> None:
    host.configure("new")
    assert host.refused() == "the engine refused the new daemon.json: it is gone again, there was none before"
    assert host.files == PENDING


def test_the_old_one_stays_when_the_engine_fails_once_more(host: Host) -> None:
    (host.root / "etc/daemon.json").write_text("old")
    host.configure("new")
    host.refused()
    file = host.root / "etc/daemon.json"
    assert host.refused() == f"the engine does not start with {file}, and no earlier one is known: it is left as it is"
    assert host.files == {"daemon.json": "old", **PENDING}
