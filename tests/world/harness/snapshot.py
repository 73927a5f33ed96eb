"""The state of a file system as a value, so that two moments can be compared."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

# Left out of a comparison unless the caller says otherwise. Mount points of other file systems (/proc, /sys,
# /dev, /run, the engine's volumes) are never entered at all.
VOLATILE: Mapping[str, str] = {
    "/var/log/journal": "systemd writes its journal all the time",
    "/var/log/wtmp": "every SSH login is recorded here",
    "/var/log/lastlog": "every SSH login is recorded here",
    "/var/log/btmp": "every refused SSH login is recorded here",
}


class Entry(NamedTuple):
    """One path: type as a letter of find(1), octal mode, numeric owners, bytes, sha256 or link target."""

    type: str
    mode: str
    uid: int
    gid: int
    size: int
    content: str


Snapshot = dict[str, Entry]


def command(paths: Iterable[str], exclude: Iterable[str]) -> str:
    """The shell command whose output `parse` reads: NUL-separated fields, a blank one, then the digests."""
    prune = [word for path in exclude for word in ("-path", path, "-prune", "-o")]
    find = shlex.join(["find", *paths, "-xdev", *prune])
    fields = r"-printf '%p\0%y\0%m\0%U\0%G\0%s\0%l\0'"
    return f"set -e; {find} {fields}; printf '\\0'; {find} -type f -print0 | xargs -0r sha256sum -z --"


def parse(output: str) -> Snapshot:
    """The snapshot in the output of `command`; KeyError when a file vanished while it was taken."""
    fields = iter(output.split("\0"))
    entries = dict(_entries(fields))
    digests = {line[66:]: line[:64] for line in fields if line}
    files = {path: entry._replace(content=digests[path]) for path, entry in entries.items() if entry.type == "f"}
    return entries | files


def _entries(fields: Iterator[str]) -> Iterator[tuple[str, Entry]]:
    while path := next(fields):
        kind, mode, uid, gid, size, target = (next(fields) for _ in range(6))
        # a directory's size tells of the file system's bookkeeping, not of its content
        bytes_ = 0 if kind == "d" else int(size)
        yield path, Entry(kind, mode, int(uid), int(gid), bytes_, target)


def differences(before: Snapshot, after: Snapshot) -> dict[str, tuple[Entry | None, Entry | None]]:
    """`{path: (before, after)}` of all paths that came, went or changed; empty when nothing did."""
    paths = sorted(before.keys() | after.keys())
    pairs = {path: (before.get(path), after.get(path)) for path in paths}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}
