"""Secrets: who can read them, and that nothing else holds their values (which no message ever shows)."""

from __future__ import annotations

from preprod.catalogue import OVERLAY
from preprod.paths import SECRETS
from verify.nouns.deployment import Deployment
from verify.nouns.paths import Entry, below, entries
from verify.nouns.secret import Secret
from verify.nouns.target import Target


def test_only_its_reader_can_read_a_copy(secret: Secret, deployment: Deployment, target: Target) -> None:
    for copy in secret.copies:
        owner = deployment.services[copy.service]
        found = entries(target, [copy.directory, copy.path])
        wanted = {
            copy.directory: Entry("directory", "0500", owner.uid, owner.gid),
            copy.path: Entry("regular file", "0400", owner.uid, owner.gid),
        }
        assert found == wanted, f"the copy of {secret} for {copy.service}"


def test_its_copies_are_equal(secret: Secret) -> None:
    assert not secret.is_empty, f"{secret} is empty or missing"
    assert secret.differing == [], f"these copies of {secret} differ from {secret.copies[0].path}"


def test_its_value_is_nowhere_else(secret: Secret) -> None:
    assert secret.leaks == [], f"the value of {secret} should be in its files alone"


def test_nothing_else_lies_among_the_secrets(deployment: Deployment, target: Target) -> None:
    readers = deployment.readers()
    wanted = set(readers) | {f"{directory}/{name}" for directory, names in readers.items() for name in names}
    # Kept like its volumes while the overlay is off: Grafana could not read its data with a new key.
    resting = tuple(f"{SECRETS}/{name}" for name in OVERLAY if name not in deployment.services)
    found = {path for path in (f"{SECRETS}/{path}" for path in below(target, SECRETS)) if not _lies_in(path, resting)}
    assert found == wanted, f"{SECRETS} on {target} should hold the secrets of the manifest and no others"


def test_nobody_can_list_the_secrets(target: Target) -> None:
    found = entries(target, [SECRETS, f"{SECRETS}/.versions"])
    wanted = {
        SECRETS: Entry("directory", "0711", 0, 0),
        f"{SECRETS}/.versions": Entry("directory", "0700", 0, 0),
    }
    assert found == wanted, f"the directories of secrets on {target}"


def _lies_in(path: str, directories: tuple[str, ...]) -> bool:
    return any(path == directory or path.startswith(f"{directory}/") for directory in directories)
