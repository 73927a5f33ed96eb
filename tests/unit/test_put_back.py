"""What a refused reload does to the files, by the scripts themselves on a directory, with an engine that says no."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from preprod.facts import shell
from preprod.operations.bundle import archive
from preprod.render.bundle import File

DOCKER = """\
#!/bin/sh
case "$1 $*" in
  ps*=api*) echo new; echo old ;;
  ps*) echo id-caddy ;;
  *Running*) echo true ;;
  *StartedAt*) echo then ;;
  *Name*) echo "/socialize-api-2" ;;
  exec*) [ ! -e refuses ] || { echo "line 3: unknown directive"; exit 1; } ;;
  stop* | rm*) echo "$*" >>gone ;;
esac
"""
FILES = ("caddy/Caddyfile", "caddy/root.pem")


@dataclass(frozen=True)
class Host:
    """A directory that stands for a host's base directory and its state."""

    root: Path

    def run(self, script: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        places = f"BASE={self.root / 'base'} STATE={self.root / 'state'}"
        command = ["sh", "-euc", f"{places}\n{shell.text(script)}", "preprod", *arguments]
        path = {"PATH": f"{self.root}:{os.environ['PATH']}"}
        return subprocess.run(command, cwd=self.root, env=path, input=stdin, capture_output=True, text=True)

    def promote(self, **files: str) -> None:
        """A run that writes these files of Caddy's."""
        bundle = {f"caddy/{name}": File(text, uid=os.getuid(), gid=os.getgid()) for name, text in files.items()}
        assert self.run("bundle-stage", stdin=archive(bundle)).returncode == 0
        assert self.run("bundle-promote", *bundle).returncode == 0

    def refuses(self) -> None:
        (self.root / "refuses").touch()

    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in sorted((self.root / "base/caddy").iterdir())}

    @property
    def upstream(self) -> str:
        return (self.root / "state/upstream/api.caddy").read_text()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    made = Host(tmp_path)
    made.promote(Caddyfile="one", other="o")
    return made


RELOAD = ("compose-reload", "socialize", "caddy", "digest", *FILES, "--", "caddy", "reload")
FINISH = ("rollout-finish", "socialize", "api", "new", *FILES)


@pytest.mark.parametrize("reading", [RELOAD, FINISH], ids=lambda call: call[0])
class TestRefused:
    def test_what_this_run_replaced_is_back_and_what_it_added_is_gone(
        self, host: Host, reading: tuple[str, ...]
    ) -> None:
        host.promote(**{"Caddyfile": "two", "root.pem": "new"})
        host.refuses()
        refused = host.run(*reading)
        assert refused.returncode == 1
        assert "unknown directive" in refused.stderr
        assert host.files() == {"Caddyfile": "one", "other": "o"}

    def test_what_this_run_left_alone_stays(self, host: Host, reading: tuple[str, ...]) -> None:
        host.promote(**{"Caddyfile": "two", "root.pem": "new"})
        host.promote(Caddyfile="three")
        host.refuses()
        assert host.run(*reading).returncode == 1
        assert host.files() == {"Caddyfile": "two", "other": "o", "root.pem": "new"}

    def test_what_has_been_loaded_meanwhile_stays(self, host: Host, reading: tuple[str, ...]) -> None:
        host.promote(Caddyfile="two")
        assert host.run(*RELOAD).returncode == 0
        host.refuses()
        assert host.run(*reading).returncode == 1
        assert host.files() == {"Caddyfile": "two", "other": "o"}


def test_requests_are_led_to_the_new_one_and_the_old_one_goes(host: Host) -> None:
    done = host.run(*FINISH)
    assert (done.returncode, host.upstream) == (0, "to socialize-api-2:8000\n")
    assert (host.root / "gone").read_text() == "stop --time 60 old\nrm -f old\n"


@pytest.mark.parametrize("before", ["to socialize-api-1:8000\n", None])
def test_requests_are_led_where_they_were_when_caddy_refuses_and_the_old_one_stays(
    host: Host, before: str | None
) -> None:
    upstream = host.root / "state/upstream"
    upstream.mkdir()
    if before:
        (upstream / "api.caddy").write_text(before)
    host.refuses()
    assert host.run(*FINISH).returncode == 1
    assert {path.name: path.read_text() for path in upstream.iterdir()} == ({"api.caddy": before} if before else {})
    assert not (host.root / "gone").exists()
