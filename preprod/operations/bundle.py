"""The bundle operation: stage what differs, validate it, promote it, remove what the bundle no longer has."""

from __future__ import annotations

import base64
import difflib
import io
import json
import posixpath
import tarfile
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass

from pyinfra import host, logger, state
from pyinfra.api import StringCommand, operation

from preprod.facts.bundle import BundleFiles, BundleState, Texts
from preprod.facts.shell import inline, script
from preprod.paths import BASE, STATE
from preprod.render.bundle import Bundle, File
from preprod.render.compose import FILES

STAGE = f"{STATE}/stage"


@dataclass(frozen=True)
class Validator:
    """A check of staged files by the program that will read them.

    ``command`` runs on the host in the stage directory before anything is promoted, if a staged path begins with
    ``prefix``; its own message is what the operator sees.
    """

    prefix: str
    command: str


@dataclass(frozen=True)
class Changes:
    """What a bundle differs in from a host: paths to write, paths to remove."""

    write: tuple[str, ...]
    remove: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.write or self.remove)


def changes(bundle: Bundle, found: BundleState) -> Changes:
    """Compare: wrong content, mode or owner is written again; what the old manifest lists and the bundle lacks goes."""
    write = [path for path, file in bundle.items() if not _same(file, found, path)]
    listed = json.loads(found.manifest or "{}").get("files", {})
    return Changes(tuple(write), tuple(path for path in listed if path not in bundle and _inside(path)))


def _same(file: File, found: BundleState, path: str) -> bool:
    have = found.files.get(path)
    return have is not None and (have.sha256, have.mode, have.uid, have.gid) == (
        file.sha256,
        file.mode,
        file.uid,
        file.gid,
    )


def _inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/")


def staged(bundle: Bundle, write: Collection[str]) -> dict[str, File]:
    """What is sent to the host: the changed files, and their neighbours, so that a validator sees a whole directory, or
    all Compose files."""
    groups = {_group(path) for path in write}
    return {path: file for path, file in bundle.items() if _group(path) in groups}


def _group(path: str) -> str:
    """What is checked together."""
    return FILES[0] if path in FILES else path.split("/")[0]


def archive(files: Mapping[str, File]) -> str:
    """Base64 text of a tar of these files with their modes and owners: the same files give the same text."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, file in files.items():
            content = file.text.encode()
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode, entry.uid, entry.gid = len(content), file.mode, file.uid, file.gid
            tar.addfile(entry, io.BytesIO(content))
    return base64.b64encode(buffer.getvalue()).decode()


@operation()
def promoted(bundle: Bundle, validators: Sequence[Validator] = ()) -> Generator[StringCommand, None, None]:
    """
    The files of a bundle, whole or not at all; the manifest goes in last, and only then what is stale goes away.

    + bundle: relative path -> file; its last entry is the manifest
    + validators: checks of the staged files by the programs that will read them

    **Example:**

    .. code:: python

        bundle.promoted(name="Files | promote", bundle=project(settings, ...), validators=[
            Validator("caddy/", "docker run --rm -v ... caddy validate --config /etc/caddy/Caddyfile"),
        ])
    """
    found = host.get_fact(BundleFiles, paths=list(bundle))
    todo = changes(bundle, found)
    if not todo:
        host.noop(f"{len(bundle)} files are up to date")
        return
    if state.config.DIFF:
        _show(bundle, found, todo)
    if todo.write:
        yield script("bundle-stage", stdin=archive(staged(bundle, todo.write)))
        for validator in validators:
            if any(path.startswith(validator.prefix) for path in todo.write):
                yield inline(f"cd {STAGE}\n{validator.command}")
    manifest = list(bundle)[-1]
    yield script("bundle-promote", *(path for path in todo.write if path != manifest))
    # The manifest says what to remove: it is replaced only when that is done.
    if todo.remove:
        yield script("bundle-remove", *todo.remove)
    if manifest in todo.write:
        yield script("bundle-promote", manifest)


def _show(bundle: Bundle, found: BundleState, todo: Changes) -> None:
    """Unified diff of every file that would change; of a secret file only that it does."""
    readable = [path for path in todo.write if not bundle[path].secret]
    old = host.get_fact(Texts, paths=[path for path in readable if path in found.files])
    for path in todo.write:
        verb = "change" if path in found.files else "create"
        host.log(f"will {verb} {posixpath.join(BASE, path)}{_metadata(bundle[path])}")
        if path in readable:
            _show_diff(path, old.get(path, ""), bundle[path].text)
    for path in todo.remove:
        host.log(f"will remove {posixpath.join(BASE, path)}")


def _metadata(file: File) -> str:
    return f" (mode {file.mode:04o}, owner {file.uid}:{file.gid}{', secret: no diff' if file.secret else ''})"


def _show_diff(path: str, old: str, new: str) -> None:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), f"a/{path}", f"b/{path}", lineterm="", n=2)
    for line in lines:
        logger.info("    %s", line)
