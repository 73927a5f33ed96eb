"""The deployed files and the manifest that describes them."""

from __future__ import annotations

from preprod.paths import BASE, MANIFEST
from verify.nouns.deployment import Deployment, checkout_commit
from verify.nouns.paths import below, digests
from verify.nouns.target import Target


def test_the_manifest_is_of_this_checkout(deployment: Deployment, target: Target) -> None:
    here = checkout_commit()[:12]
    assert deployment.source == here, f"{target} was deployed from another commit than this checkout's: deploy again"


def test_files_have_the_modes_and_owners_of_the_manifest(deployment: Deployment, target: Target) -> None:
    wanted = deployment.modes | {MANIFEST.removeprefix(f"{BASE}/"): "0644 0 0"}
    found = {
        path: f"{entry.mode} {entry.uid} {entry.gid}"
        for path, entry in below(target, BASE).items()
        if entry.kind.startswith("regular")
    }
    assert found == wanted, f"{BASE} on {target} differs from its manifest (path: mode uid gid)"


def test_files_have_the_contents_of_the_manifest(deployment: Deployment, target: Target) -> None:
    wanted = deployment.digests
    found = digests(target, BASE, wanted)
    edited = [path for path, digest in wanted.items() if found.get(path) != digest]
    assert edited == [], f"files below {BASE} on {target} are not as they were deployed"


def test_directories_belong_to_root_and_only_root_writes_to_them(target: Target) -> None:
    strange = {
        path: str(entry)
        for path, entry in below(target, BASE).items()
        if not entry.kind.startswith("regular") and str(entry) != "directory 0755 0:0"
    }
    assert not strange, f"{BASE} on {target} holds what is no directory with mode 0755 of root"
