"""Shell scripts as commands: they live in ``preprod/scripts``, where a linter reads them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pyinfra.api import HiddenValue, QuoteString, StringCommand

from preprod import paths

_SCRIPTS = Path(paths.__file__).parent / "scripts"

_PLACES = "\n".join(
    f"{name}={getattr(paths, name)}" for name in ("BASE", "STATE", "SECRETS", "COMPOSE_PLUGIN", "PROJECT")
)
"""What every script may use besides its arguments: the fixed places of ``preprod.paths``."""


class StandardInput(HiddenValue):
    """Text for a command's standard input. Under ``-v`` pyinfra prints the arguments of facts: this one is masked."""

    def __init__(self, text: str) -> None:
        super().__init__(text)  # type: ignore[no-untyped-call]

    def __iter__(self) -> Iterator[str]:
        yield self.unmask()

    def readlines(self) -> list[str]:
        """What pyinfra's connectors write, as they ask files for it."""
        return list(self)


def script(name: str, *arguments: str, stdin: str | StandardInput | None = None) -> StringCommand:
    """A command that runs one of our scripts with ``sh -eu``.

    :param name: file in ``preprod/scripts``, without ``.sh``.
    :param arguments: become ``$1`` and so on, quoted; never a secret.
    :param stdin: text for its standard input: where contents and secret values belong.
    """
    return inline(text(name), *arguments, stdin=stdin)


def inline(body: str, *arguments: str, stdin: str | StandardInput | None = None) -> StringCommand:
    """Like :func:`script`, for a script that is itself made from values.

    :param body: the script's text.
    """
    command = StringCommand(
        "sh -euc", QuoteString(f"{_PLACES}\n{body}"), "preprod", *(QuoteString(argument) for argument in arguments)
    )
    if stdin is not None:
        command.connector_arguments["_stdin"] = stdin
    return command


@cache
def text(name: str) -> str:
    """Text of a script, with what it includes: a line ``#include other`` stands for another script.

    :raises FileNotFoundError: there is no such script.
    """
    lines = (_SCRIPTS / f"{name}.sh").read_text(encoding="utf-8").splitlines()
    return "\n".join(text(line.split()[1]) if line.startswith("#include ") else line for line in lines)
