"""Commands on the outer machine, and waits that end with a condition or a clear error."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

ENGINE = "unix:///var/run/docker.sock"
NO_CONFIG = "/nonexistent"  # neither the user's contexts nor their registry logins take part
POLL_SECONDS = 0.2

T = TypeVar("T")


class WorldError(RuntimeError):
    """A world could not be built, started, reached or removed; the message says what and what to do."""


@dataclass(frozen=True)
class Result:
    """What a command left behind: exit status, standard output and standard error (text, UTF-8)."""

    rc: int
    stdout: str
    stderr: str

    @property
    def succeeded(self) -> bool:
        return self.rc == 0


def need(program: str, package: str) -> None:
    """Raise WorldError when `program` is not on the outer machine; `package` is Debian's name for it."""
    if shutil.which(program) is None:
        raise WorldError(f"worlds need the program {program!r}: install the package {package!r}")


def execute(argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 600) -> Result:
    """Run `argv` without a shell; `timeout` in seconds. Raises WorldError when the time is over."""
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, timeout=timeout, env=_environment())
    except subprocess.TimeoutExpired as error:
        raise WorldError(f"{' '.join(argv[:6])} ... did not end within {timeout:g} s") from error
    # surrogateescape: file names are bytes, and a snapshot must not stumble over one of them
    return Result(done.returncode, *(out.decode(errors="surrogateescape") for out in (done.stdout, done.stderr)))


def check(argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 600) -> str:
    """Like `execute`, but gives standard output and raises WorldError when the command fails."""
    result = execute(argv, stdin=stdin, timeout=timeout)
    if not result.succeeded:
        complaint = result.stderr.strip() or result.stdout.strip()
        raise WorldError(f"{' '.join(argv[:6])} ... ended with {result.rc}: {complaint[-4000:]}")
    return result.stdout


def docker(*arguments: str, stdin: bytes = b"", timeout: float = 600) -> str:
    """Standard output of a docker command on the outer engine; raises WorldError when it fails."""
    return check(["docker", *arguments], stdin=stdin, timeout=timeout)


def wait_for(condition: Callable[[], T | None], seconds: float, what: str) -> T:
    """The first true value of `condition()`, asked again and again; WorldError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise WorldError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(POLL_SECONDS)
    return value


def _environment() -> dict[str, str]:
    """The caller's environment without what could send docker or ssh elsewhere."""
    strays = {"DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "SSH_AUTH_SOCK"}
    kept = {name: value for name, value in os.environ.items() if name not in strays}
    return kept | {"DOCKER_HOST": ENGINE, "DOCKER_CONFIG": NO_CONFIG}
