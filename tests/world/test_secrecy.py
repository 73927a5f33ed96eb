"""A canary secret is found nowhere but in its files."""

from __future__ import annotations

import base64
import threading

import pytest
from package import API, ON_ONE, Package, Run

pytestmark = ON_ONE

CANARY = "canary-7f3a91c2d5e84b06"
FORMS = (CANARY, base64.b64encode(CANARY.encode()).decode())
"""Base64 besides: so it travels over standard input."""

ENVIRONMENT = {"PREPROD_SECRET_APP_DB_PASSWORD": CANARY}

# The volume of the database holds a salted SCRAM verifier of it, which the search would not match anyway.
# Records end at NUL (-z): a binary without line ends is not read into memory whole. Bytes and fixed strings are fast.
_FIXED = " ".join(f"-e {form}" for form in FORMS)
EVERYWHERE = f"LC_ALL=C grep -rlaFz {_FIXED} / --exclude-dir={{proc,sys,dev}} || true"


class Watch:
    """Command lines of a world, sampled as fast as they can be read while something runs."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.seen: set[str] = set()
        self.rounds = 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.is_set():
            self.seen.update(self._package.world.processes())
            self.rounds += 1


@pytest.fixture(scope="module")
def supplied(deployed: Package) -> tuple[Run, Watch]:
    """A deploy that supplies the canary, as talkative as pyinfra can be."""
    with Watch(deployed) as watch:
        run = deployed.deploy("-vvv", "--diff", environment=ENVIRONMENT)
    assert run.code == 0, run.stderr.replace(CANARY, "***")
    return run, watch


def test_it_is_in_its_files_and_in_no_other(deployed: Package, supplied: tuple[Run, Watch]) -> None:
    found = set(deployed.world.check_output(EVERYWHERE).splitlines())
    assert found == {f"/etc/preprod/secrets/{reader}/app_db_password" for reader in ("postgres", "api", "worker")}


def test_it_is_in_no_output(supplied: tuple[Run, Watch]) -> None:
    run, _ = supplied
    assert "App | secrets" in run.changed
    said = run.said.replace("\n", "")
    assert not [form for form in FORMS if form in said], "the canary is in pyinfra's output"


def test_it_is_on_no_command_line(supplied: tuple[Run, Watch]) -> None:
    _, watch = supplied
    assert watch.rounds > 20
    assert any("preprod" in line for line in watch.seen), "the watch saw none of the package's own commands"
    assert not [line for line in watch.seen for form in FORMS if form in line]


@pytest.mark.parametrize(
    "command",
    [
        "docker inspect $(docker ps -aq) $(docker images -q) $(docker volume ls -q)",
        "for c in $(docker ps -aq); do docker logs $c 2>&1; done",
        f"docker image history --no-trunc $(docker inspect -f '{{{{.Image}}}}' {API})",
        "cat /proc/[0-9]*/environ | tr '\\0' '\\n'",
        "journalctl --no-pager",
    ],
    ids=["inspect", "logs", "image", "environments", "journal"],
)
def test_it_is_not_in(deployed: Package, supplied: tuple[Run, Watch], command: str) -> None:
    output = deployed.world.check_output(command)
    assert output, "nothing was searched"
    assert not [form for form in FORMS if form in output]


def test_it_works_and_stays(deployed: Package, supplied: tuple[Run, Watch]) -> None:
    assert deployed.deploy(environment=ENVIRONMENT).changed == {}
    assert deployed.deploy().changed == {}, "a secret that is no longer supplied is kept"
