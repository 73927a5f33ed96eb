"""pyinfra and pytest as child processes of the checkout, never left behind."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import click

from preprod.render.templates import ROOT

PATIENCE = 5
"""Seconds that an interrupted child gets to put its connections away."""

PATIENCE_WITH_TESTS = 60
"""Seconds that interrupted tests get: what each has changed on a host is put back over a connection of its own."""

_INTERRUPTED = "Exiting upon user request!"
"""What pyinfra says on standard output when it is interrupted; its exit code is then 0."""


@dataclass(frozen=True)
class Ended:
    """A pyinfra that has ended: exit code, standard output (its JSON), standard error (everything for people)."""

    code: int
    answer: str
    log: str


def pyinfra(*arguments: str, quiet: bool = False) -> Ended:
    """Run pyinfra in the checkout; its standard error streams through unless it shall be quiet.

    :raises KeyboardInterrupt: it was interrupted, which pyinfra itself reports as success.
    """
    log: list[str] = []
    with tempfile.TemporaryFile("w+", errors="replace") as answer:
        with _child("pyinfra", *arguments, stdout=answer.fileno(), stderr=subprocess.PIPE) as child:
            for line in child.stderr or ():
                log.append(line)
                if not quiet:
                    say(line)
        answer.seek(0)
        ended = Ended(child.returncode, answer.read(), "".join(log))
    if _INTERRUPTED in ended.answer or ended.code == -signal.SIGINT:
        raise KeyboardInterrupt
    return ended


def pytest(*arguments: str) -> int:
    """Exit code of pytest, run in the checkout on the caller's terminal."""
    with _child("pytest", *arguments, patience=PATIENCE_WITH_TESTS) as child:
        child.wait()
    return child.returncode


def say(text: str) -> None:
    """Text on standard error; a reader that has gone away does not stop the run."""
    with contextlib.suppress(BrokenPipeError):
        click.echo(text, err=True, nl=False)


@contextlib.contextmanager
def _child(
    module: str,
    *arguments: str,
    patience: int = PATIENCE,
    stdout: int | None = None,
    stderr: int | None = None,
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, text=True, errors="replace"
    ) as child:
        try:
            yield child
        except KeyboardInterrupt:
            # The terminal has told the child, too: a second interrupt would cut short what the first one began.
            _stop(child, (_NOTHING, signal.SIGINT), patience)
            raise
        except BaseException:
            _stop(child, (signal.SIGINT,), patience)
            raise


_NOTHING = 0
"""The signal that is none."""


def _stop(child: subprocess.Popen[str], signals: Iterable[int], patience: int) -> None:
    try:
        for number in signals:
            child.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(patience)
                break
    finally:
        child.kill()
