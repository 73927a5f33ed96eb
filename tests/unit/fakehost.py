"""Operations against a scripted host: no SSH, no child process, our commands and their standard input on record."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api import Config, Inventory, State
from pyinfra.api.connect import connect_all
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.operation import add_op
from pyinfra.api.operations import run_ops
from pyinfra.api.state import StateStage
from pyinfra.api.util import get_file_io
from pyinfra.connectors.fake import FakeConnector
from pyinfra.connectors.util import CommandOutput, OutputLine

from preprod.facts import shell

NAME = "@fake/host"
NO_COMMAND = "##PYINFRA_NOCMD##"
"""What a fact's guard prints where the program that it requires is missing (pyinfra 3.10, api/facts.py)."""

_GUARD_END = " ); else echo "
_NAMES = {shell.text(path.stem): path.stem for path in shell._SCRIPTS.glob("*.sh")}


@dataclass(frozen=True)
class Command:
    """One command as the host got it."""

    script: str
    """Name in ``preprod/scripts``; the text itself, for a script that is made from values."""
    arguments: tuple[str, ...]
    stdin: str
    text: str
    needs_docker: bool


Answer = str | Exception | Callable[[Command], str]
"""What a script prints; an exception makes it fail with this message."""


@dataclass
class Run:
    """What came of a run."""

    changes: bool = False
    failed: bool = False
    commands: list[Command] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)

    def scripts(self) -> list[str]:
        return [command.script for command in self.commands]

    def only(self, script: str) -> Command:
        (command,) = [command for command in self.commands if command.script == script]
        return command


def run(
    operation: Callable[..., Any],
    answers: Mapping[str, Answer] | None = None,
    *,
    dry: bool = False,
    diff: bool = False,
    docker: bool = True,
    **arguments: Any,
) -> Run:
    """Add one operation on a fake host and, unless dry, run it.

    :param answers: script name -> what it prints; the others print nothing.
    :param docker: whether the host has the program.
    """
    done = Run()
    inventory = Inventory(([NAME], {}), fake=([(NAME, {"fake_delay": 0, "fake_delay_jitter": 0})], {}))
    for host in inventory:
        host.connector_cls = _connector(done, dict(answers or {}), docker)
    state = State(inventory, Config(DIFF=diff), check_for_changes=True)
    connect_all(state)
    state.set_stage(StateStage.Prepare)
    (meta,) = add_op(state, operation, name="operation", **arguments).values()
    done.changes = meta.will_change
    if not dry:
        done.commands.clear()
        state.set_stage(StateStage.Execute)
        _execute(state, done)
    return done


def _execute(state: State, done: Run) -> None:
    try:
        run_ops(state)
    except PyinfraError:
        done.failed = True
    done.failed = done.failed or bool(state.failed_hosts)


def _connector(done: Run, answers: dict[str, Answer], docker: bool) -> type[FakeConnector]:
    class Connector(FakeConnector):
        def run_shell_command(self, command: Any, *_: Any, **arguments: Any) -> tuple[bool, CommandOutput]:
            if isinstance(command, str):
                return True, CommandOutput([])  # pyinfra's own question for a temporary directory
            got = parsed(command.get_raw_value(), "".join(arguments.get("_stdin") or ""))
            done.commands.append(got)
            if got.needs_docker and not docker:
                return _answered(NO_COMMAND, got)
            return _answered(answers.get(got.script, ""), got)

        def put_file(self, filename_or_io: Any, remote_filename: str, *_: Any, **__: Any) -> bool:
            with get_file_io(filename_or_io, "rb") as content:
                done.uploads[remote_filename] = content.read()
            return True

    return Connector


def _answered(answer: Answer, command: Command) -> tuple[bool, CommandOutput]:
    if isinstance(answer, Exception):
        return False, CommandOutput([OutputLine("stderr", str(answer))])
    text = answer if isinstance(answer, str) else answer(command)
    return True, CommandOutput([OutputLine("stdout", line) for line in text.splitlines()])


def parsed(text: str, stdin: str) -> Command:
    """A command of :mod:`preprod.facts.shell`, taken apart."""
    guarded = text.startswith("if command -v docker")
    inner = text[: text.rindex(_GUARD_END)] if guarded else text
    before, found, _ = inner.partition("sh -euc ")
    words: Sequence[str] = shlex.split(inner[len(before) :]) if found else ["sh", "-euc", inner, ""]
    body = words[2].removeprefix(shell._PLACES + "\n")
    return Command(_NAMES.get(body, body), tuple(words[4:]), stdin, text, guarded)
