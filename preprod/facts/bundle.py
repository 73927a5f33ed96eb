"""The files of a bundle as they lie on a host: all of them in one command."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field

from pyinfra.api import FactBase, StringCommand
from typing_extensions import override

from preprod.facts.shell import script


@dataclass(frozen=True)
class FileState:
    """One file: digest of its content, octal mode, numeric owner and group (uid 10001 has no name)."""

    sha256: str
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True)
class BundleState:
    """Path relative to the base directory -> state of the regular files found, and the manifest's text."""

    files: dict[str, FileState] = field(default_factory=dict)
    manifest: str = ""


class BundleFiles(FactBase[BundleState]):
    """State of the named files below the base directory; what is no regular file counts as absent.

    :param paths: relative paths.

    .. code:: python

        state = host.get_fact(BundleFiles, paths=["compose.yaml"])
    """

    default = BundleState

    @override
    def command(self, paths: Iterable[str]) -> StringCommand:
        return script("bundle-look", *paths)

    @override
    def process(self, output: list[str]) -> BundleState:
        files: dict[str, FileState] = {}
        manifest = ""
        for line in output:
            kind, _, rest = line.partition(" ")
            if kind == "manifest":
                manifest = base64.b64decode(rest).decode()
            else:
                sha256, mode, uid, gid, path = rest.split(" ", 4)
                files[path] = FileState(sha256, int(mode, 8), int(uid), int(gid))
        return BundleState(files, manifest)


class Texts(FactBase[dict[str, str]]):
    """Path -> present text of the named files below the base directory, for a diff; absent ones are left out.

    :param paths: relative paths of files that are no secrets.

    .. code:: python

        old = host.get_fact(Texts, paths=["compose.yaml"])
    """

    default = dict

    @override
    def command(self, paths: Iterable[str]) -> StringCommand:
        return script("bundle-texts", *paths)

    @override
    def process(self, output: list[str]) -> dict[str, str]:
        pairs = (line.partition(" ")[::2] for line in output)
        return {path: base64.b64decode(text).decode(errors="replace") for text, path in pairs}
