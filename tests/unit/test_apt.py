"""apt-get waits for another one: the scripts themselves, with an apt-get that says what it is told, a quick clock."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from preprod.facts import shell

LOCKED = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)"

PROGRAMS = {
    # The lists are locked for as many questions as there are lines in `locked`.
    "apt-get": """\
echo "$LC_ALL $DEBIAN_FRONTEND $*" >>calls
case $* in *update*) ;; *) exit 0 ;; esac
if [ -e broken ]; then cat broken >&2; exit 100; fi
if [ -s locked ]; then head -n 1 locked >&2; sed -i 1d locked; exit 100; fi
""",
    "apt-cache": "exit 1",
    "date": "cat clock",
    "sleep": "echo $(($(cat clock) + $1)) >clock",
}


@dataclass(frozen=True)
class Host:
    root: Path

    def install(self) -> subprocess.CompletedProcess[str]:
        text = f"{shell._PLACES}\n{shell.text('engine-install-distribution')}"
        path = {"PATH": f"{self.root}:{os.environ['PATH']}", "LC_ALL": ""}
        return subprocess.run(["sh", "-euc", text], cwd=self.root, env=path, capture_output=True, text=True)

    def lists_locked(self, times: int) -> None:
        (self.root / "locked").write_text(f"{LOCKED}\n" * times)

    @property
    def calls(self) -> list[str]:
        return (self.root / "calls").read_text().splitlines()

    @property
    def seconds(self) -> int:
        return int((self.root / "clock").read_text())


@pytest.fixture
def host(tmp_path: Path) -> Host:
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "clock").write_text("0")
    return Host(tmp_path)


def test_what_is_installed_waits_for_dpkgs_lock(host: Host) -> None:
    assert host.install().returncode == 0
    *_, last = host.calls
    assert last == (
        " noninteractive -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "
        "docker.io iptables ca-certificates"
    )


def test_lists_that_another_reads_are_waited_for(host: Host) -> None:
    host.lists_locked(times=3)
    assert host.install().returncode == 0
    assert [call for call in host.calls if "update" in call] == ["C noninteractive update -qq"] * 4


def test_the_wait_ends_with_apts_own_words(host: Host) -> None:
    host.lists_locked(times=1000)
    refused = host.install()
    assert (refused.returncode, refused.stderr) == (1, f"{LOCKED}\n")
    assert host.seconds == 300
    assert not [call for call in host.calls if "install -y" in call]


def test_what_waiting_does_not_mend_is_said_at_once(host: Host) -> None:
    (host.root / "broken").write_text("E: The repository has no Release file.\n")
    refused = host.install()
    assert (refused.returncode, refused.stderr) == (1, "E: The repository has no Release file.\n")
    assert host.seconds == 0


@pytest.mark.parametrize("name", [path.stem for path in shell._SCRIPTS.glob("*.sh") if path.stem != "apt"])
def test_no_script_has_an_apt_get_that_does_not_wait(name: str) -> None:
    assert "apt-get" not in (shell._SCRIPTS / f"{name}.sh").read_text()
