"""Which hosts are verified, what is there to prove on each, and the nouns as fixtures."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from verify.nouns.api import Api, UnexpectedAnswer, origin
from verify.nouns.case import Case, cases
from verify.nouns.compose import Compose
from verify.nouns.container import Container
from verify.nouns.database import Database
from verify.nouns.deployment import Deployment
from verify.nouns.engine import Engine
from verify.nouns.entrance import entrance as by_way
from verify.nouns.errors import NotVerifiable
from verify.nouns.inventory import selected
from verify.nouns.listening import Listening
from verify.nouns.logs import Logs
from verify.nouns.machine import Machine
from verify.nouns.person import Person
from verify.nouns.secret import Secret
from verify.nouns.target import Target

INVENTORY = "inventory/local.py"

_TARGETS = pytest.StashKey[list[Target]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("verify", "verification of deployed hosts")
    group.addoption("--inventory", default=INVENTORY, help=f"inventory that was deployed to (default: {INVENTORY})")
    group.addoption(
        "--limit",
        action="append",
        default=[],
        help="group or pattern of host names, as in pyinfra; may be repeated (write --limit=@local: pytest reads "
        "arguments from the file that an argument of its own after @ names)",
    )
    group.addoption(
        "--resolve",
        action="append",
        default=[],
        metavar="NAME=ADDRESS",
        help="where requests from this machine find a domain that the name servers do not know",
    )
    group.addoption("--ca", metavar="FILE", help="PEM file of the authorities to trust instead of the usual ones")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*what): deselected, and named in the header, where a host lacks one")


def pytest_sessionstart(session: pytest.Session) -> None:
    targets(session.config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    return [line for target in targets(config) for line in _header(target)]


def _header(target: Target) -> list[str]:
    deployment = target.deployment
    services = ", ".join([*deployment.proven, *deployment.one_shot])
    lines = [f"verify {target}: commit {deployment.commit}, {origin(deployment)}; proven: {services}"]
    if target.lacks:
        lines.append(f"verify {target}: not there to prove: {'; '.join(target.lacks.values())}")
    return lines


def targets(config: pytest.Config) -> list[Target]:
    """The hosts of this session, looked up once.

    :raises pytest.UsageError: no host, or one that cannot be verified.
    """
    if _TARGETS not in config.stash:
        config.stash[_TARGETS] = []
        try:
            _check_options(config)
            _open(config)
        except NotVerifiable as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[_TARGETS]


def _open(config: pytest.Config) -> None:
    inventory = config.getoption("inventory", INVENTORY)
    hosts = selected(inventory, config.getoption("limit", []), config.invocation_params.dir)
    # Not pytest's own directory: the path of a socket has 108 bytes at most.
    directory = Path(tempfile.mkdtemp(prefix="verify-"))
    config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
    for number, entry in enumerate(hosts):
        (directory / str(number)).mkdir()
        target = Target(entry, inventory, directory / str(number))
        config.add_cleanup(target.close)
        config.stash[_TARGETS].append(target)


def _check_options(config: pytest.Config) -> None:
    for entry in config.getoption("resolve", []):
        if not all(entry.partition("=")):
            raise NotVerifiable(f"--resolve {entry} is not of the form NAME=ADDRESS")
    ca = config.getoption("ca", None)
    if ca and not Path(ca).is_file():
        raise NotVerifiable(f"--ca {ca} is not a file: name one that holds PEM certificates")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" not in metafunc.fixturenames:
        return
    found = [case for target in targets(metafunc.config) for case in cases(target, metafunc.fixturenames)]
    if not found:
        # Pytest would skip it, and nobody would know that nothing was proven.
        raise pytest.UsageError(f"{metafunc.function.__name__}: no manifest has what it is about: deploy again")
    metafunc.parametrize("case", found, ids=str, indirect=True, scope="function")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    absent = [item for item in items if _lacks(item)]
    if absent:
        config.hook.pytest_deselected(items=absent)
        items[:] = [item for item in items if item not in absent]


def _lacks(item: pytest.Item) -> bool:
    case = item.callspec.params.get("case") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    needs = {what for mark in item.iter_markers("needs") for what in mark.args}
    return isinstance(case, Case) and bool(needs & case.target.lacks.keys())


# -- the nouns -----------------------------------------------------------------------------------
@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def target(case: Case) -> Target:
    return case.target


@pytest.fixture
def deployment(target: Target) -> Deployment:
    return target.deployment


@pytest.fixture
def machine(target: Target) -> Machine:
    return Machine(target)


@pytest.fixture
def engine(target: Target) -> Engine:
    return Engine(target)


@pytest.fixture
def compose(target: Target) -> Compose:
    return Compose(target)


@pytest.fixture
def listening(target: Target) -> Listening:
    return Listening(target)


@pytest.fixture
def service(case: Case) -> str:
    """Name of a service, whether or not it has a container."""
    return case.thing


@pytest.fixture
def container(case: Case, compose: Compose) -> Container:
    """The container of a service."""
    return _container(compose, case.thing)


@pytest.fixture
def running(case: Case, compose: Compose) -> Container:
    """The container of a service that does not end by itself; it runs."""
    container = _container(compose, case.thing)
    if container.status != "running":
        pytest.fail(f"{container} should be running and is {container.status}", pytrace=False)
    return container


@pytest.fixture
def secret(case: Case) -> Secret:
    return Secret(case.target, case.thing)


@pytest.fixture
def database(compose: Compose) -> Database:
    return Database(_container(compose, "postgres"))


@pytest.fixture
def logs(compose: Compose) -> Logs:
    """The app's."""
    return Logs(_container(compose, "api"))


def _container(compose: Compose, service: str) -> Container:
    try:
        return compose.container(service)
    except LookupError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def outages() -> dict[str, str]:
    """Way to an app -> why it does not serve, empty where it does. Found out once: Caddy keeps each asker waiting."""
    return {}


@pytest.fixture
def api(case: Case, entrance: Callable[[str], Api], outages: dict[str, str]) -> Api:
    api = entrance(case.thing)
    if str(api) not in outages:
        outages[str(api)] = api.outage()
    if outages[str(api)]:
        pytest.fail(outages[str(api)], pytrace=False)
    return api


@pytest.fixture
def entrance(target: Target, pytestconfig: pytest.Config) -> Callable[[str], Api]:
    """The app by a way in."""
    resolved = dict(entry.split("=", 1) for entry in pytestconfig.getoption("resolve", []))
    ca: Any = pytestconfig.getoption("ca", None)
    return lambda way: by_way(target, way, resolved, ca)


@pytest.fixture
def person(api: Api) -> Iterator[Person]:
    """A new user with a session, which ends with the test."""
    try:
        person = Person(api)
    except UnexpectedAnswer as error:
        pytest.fail(str(error), pytrace=False)
    yield person
    person.post("/api/auth/logout")
