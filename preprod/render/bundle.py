"""The bundle: every file that a host shall have below its base directory, as values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

TakesEffect = Literal["boot", "reload", "record"]


@dataclass(frozen=True)
class File:
    """One file of a bundle.

    ``takes_effect`` says how its reader learns of a change: ``boot`` (read at start, so the service is recreated),
    ``reload`` (the running program reads it again when told to), ``record`` (no program reads it, or one that looks
    for changes by itself).
    """

    text: str
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    secret: bool = False
    takes_effect: TakesEffect = "record"
    service: str | None = None
    """The Compose service that reads it."""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def record(self) -> str:
        """What the manifest says of it: mode, uid, gid, and the content's digest, unless that would tell a secret."""
        content = "secret" if self.secret else f"sha256:{self.sha256}"
        return f"{self.mode:04o} {self.uid} {self.gid} {content}"


Bundle = Mapping[str, File]
"""Path relative to the base directory -> file."""


def read_by(bundle: Bundle, service: str, takes_effect: TakesEffect) -> dict[str, File]:
    """The files of one service that take effect in one way."""
    return {
        path: file for path, file in bundle.items() if file.service == service and file.takes_effect == takes_effect
    }


def digest(files: Mapping[str, File], *more: str) -> str:
    """Short digest of paths and contents, and of further texts: equal exactly when all of these are equal."""
    total = hashlib.sha256()
    for part in (*_parts(files), *more):
        total.update(f"{len(part)}:{part}".encode())
    return total.hexdigest()[:16]


def _parts(files: Mapping[str, File]) -> Iterable[str]:
    for path, file in sorted(files.items()):
        yield path
        yield file.text
