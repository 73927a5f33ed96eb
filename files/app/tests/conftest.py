from collections.abc import Iterator
from pathlib import Path

import httpx2
import program
import pytest
from administrator import browser, promoted
from client import Person
from postgres import Postgres
from program import Server, serving
from watchers import Watchers, watching


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs run and where their output goes."""
    return tmp_path_factory.mktemp("socialize")


@pytest.fixture(scope="session")
def base_env(postgres: Postgres) -> dict[str, str]:
    """The environment of the program, all but the name of the database."""
    return {
        "SOCIALIZE_DB_HOST": "127.0.0.1",
        "SOCIALIZE_DB_PORT": str(postgres.port),
        "SOCIALIZE_DB_PASSWORD_FILE": str(postgres.directory / "password"),
        "SOCIALIZE_ENVIRONMENT": "test",
        "SOCIALIZE_LOG_LEVEL": "debug",
        # All tests come from one address; the test of the limits sets its own.
        "SOCIALIZE_LOGIN_LIMIT_PER_EMAIL": "1000",
        "SOCIALIZE_LOGIN_LIMIT_PER_CLIENT": "100000",
    }


@pytest.fixture(scope="session")
def migrated(postgres: Postgres, base_env: dict[str, str]) -> str:
    """Name of a migrated database without rows, to make others from."""
    name = postgres.create_database()
    done = program.run("migrate", env=base_env | {"SOCIALIZE_DB_NAME": name})
    assert done.returncode == 0, done.stderr
    return name


@pytest.fixture
def database(postgres: Postgres, migrated: str) -> str:
    """Name of a migrated database for one test."""
    return postgres.create_database(migrated)


@pytest.fixture
def env(base_env: dict[str, str], database: str) -> dict[str, str]:
    """The environment of a program that uses this test's own database."""
    return base_env | {"SOCIALIZE_DB_NAME": database}


@pytest.fixture
def own_server(directory: Path, env: dict[str, str]) -> Iterator[Server]:
    """A server for one test, on a database of its own."""
    with serving(directory, env) as server:
        yield server


@pytest.fixture(scope="session")
def shared_database(postgres: Postgres, migrated: str) -> str:
    return postgres.create_database(migrated)


@pytest.fixture(scope="session")
def server(directory: Path, base_env: dict[str, str], shared_database: str) -> Iterator[Server]:
    """The server that tests share; each uses people of its own."""
    with serving(directory, base_env | {"SOCIALIZE_DB_NAME": shared_database}) as shared:
        yield shared


@pytest.fixture
def person(server: Server) -> Person:
    return Person(server)


@pytest.fixture
def stranger(server: Server) -> Person:
    """Somebody who shares nothing with `person`."""
    return Person(server)


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Watchers]:
    with watching() as watchers:
        yield watchers


@pytest.fixture
def watchers(stand_in: Watchers) -> Watchers:
    """What this test says about the deployment: all is well, to begin with."""
    stand_in.reset()
    return stand_in


@pytest.fixture(scope="module")
def own_database(postgres: Postgres, migrated: str) -> str:
    return postgres.create_database(migrated)


@pytest.fixture(scope="module")
def watched(
    directory: Path, base_env: dict[str, str], own_database: str, stand_in: Watchers
) -> Iterator[Person]:
    """The administrator of a server that is watched."""
    env = base_env | {"SOCIALIZE_DB_NAME": own_database} | stand_in.env
    with serving(directory, env) as server:
        yield promoted(Person(server))


@pytest.fixture
def admin(watched: Person, watchers: Watchers) -> Person:
    return watched


@pytest.fixture(scope="module")
def pages(watched: Person) -> httpx2.Client:
    """The administrator's browser."""
    return browser(watched)
