"""A container that ends between the list and the question: the scripts themselves, with an engine that loses one."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from preprod.facts import shell

DOCKER = """\
#!/bin/sh
case "$1 $*" in
  ps*) echo kept; echo gone ;;
  inspect*)
    if [ -e dead ]; then echo "Cannot connect to the Docker daemon" >&2; exit 1; fi
    for each; do case $each in kept) echo "sha256:kept" ;; gone) missing=yes ;; esac; done
    [ -z "${missing-}" ] || { echo "Error: No such object: gone" >&2; exit 1; } ;;
  image*) echo "sha256:kept ours/app:a"; echo "sha256:other ours/app:b" ;;
  version*) if [ -e dead ]; then echo "Cannot connect to the Docker daemon" >&2; exit 1; fi ;;
esac
"""
ASKING = {
    "images-own": (("ours",), ["used ours/app:a", "idle ours/app:b"]),
    "compose-wait": (("socialize", "0", "-"), ["sha256:kept"]),
}


@dataclass(frozen=True)
class Host:
    root: Path

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", "-euc", f"STATE={self.root}\n{shell.text(script)}", "preprod", *arguments]
        path = {"PATH": f"{self.root}:{os.environ['PATH']}"}
        return subprocess.run(command, cwd=self.root, env=path, capture_output=True, text=True)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    return Host(tmp_path)


@pytest.mark.parametrize("script", ASKING)
def test_what_is_still_there_is_told(host: Host, script: str) -> None:
    arguments, told = ASKING[script]
    done = host.run(script, *arguments)
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, told, "")


@pytest.mark.parametrize("script", ASKING)
def test_an_engine_that_dies_is_an_error_all_the_same(host: Host, script: str) -> None:
    (host.root / "dead").touch()
    done = host.run(script, *ASKING[script][0])
    assert done.returncode != 0
    assert done.stderr == "Cannot connect to the Docker daemon\n"
