"""What is wrong with a contract, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys and list positions from the top of the file to a value."""


class ContractError(Exception):
    """The contract cannot be used; one line per problem: file, line, field, what is wrong, what to write instead."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong; the sentence ends with the remedy."""

    path: Path
    sentence: str
    at: Path | None = None
    """Where the line is counted, when not at the path."""


Problems = Iterable[Problem]


def field(path: Path) -> str:
    """A path as one reads it: ``http.groups.read.routes[0]``; keys that hold dots are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = f"'{part}'" if "." in part or " " in part else part
            text += f".{shown}" if text else shown
    return text
