"""Files and directories of a host, as their metadata describes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from verify.nouns.target import Target


@dataclass(frozen=True)
class Entry:
    """Kind as stat(1) names it (``regular file``, ``directory``), mode in four octal digits, numeric owner."""

    kind: str
    mode: str
    uid: int
    gid: int

    def __str__(self) -> str:
        return f"{self.kind} {self.mode} {self.uid}:{self.gid}"


def entries(target: Target, paths: Iterable[str]) -> dict[str, Entry]:
    """Path -> entry, of those that are there; links are not followed."""
    lines = target.output('stat -c "%F/%a/%u/%g%n" -- "$@" 2>/dev/null || :', *paths).splitlines()
    return dict(_entry(line) for line in lines)


def below(target: Target, directory: str) -> dict[str, Entry]:
    """Everything below a directory but hidden directories: relative path -> entry."""
    found = target.output('cd "$1" && find . -mindepth 1 -type d -name ".*" -prune -o -print', directory).splitlines()
    listed = [f"{directory}/{path.removeprefix('./')}" for path in found if path != "."]
    return {path.removeprefix(f"{directory}/"): entry for path, entry in entries(target, listed).items()}


def digests(target: Target, directory: str, paths: Iterable[str]) -> dict[str, str]:
    """Path below the directory -> SHA-256 in hexadecimal, of those of the files that can be read."""
    script = 'cd "$1"; shift; for path; do sha256sum -- "$path" 2>/dev/null || :; done'
    lines = target.output(script, directory, *paths).splitlines()
    return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}


def _entry(line: str) -> tuple[str, Entry]:
    kind, mode, uid, rest = line.split("/", 3)
    gid, slash, path = rest.partition("/")
    return slash + path, Entry(kind, mode.zfill(4), int(uid), int(gid))
