"""Health answers, of a whole app and of a broken one."""

import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import program
import pytest
from postgres import Postgres, free_port
from program import Server, eventually, serving

SECRETS = ("canary-database-password", "postgresql", "psycopg", "127.0.0.1")


def ready(server: Server) -> tuple[int, dict[str, Any]]:
    answer = server.http.get("/health/ready")
    assert not any(secret in answer.text for secret in SECRETS)
    return answer.status_code, answer.json()


@pytest.fixture
def silent_database() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_whole_app_is_healthy(server: Server) -> None:
    status, report = ready(server)
    assert (status, report["state"]) == (200, "ok")
    assert set(report["checks"]) == {"database", "migrations"}
    for check in report["checks"].values():
        assert check["state"] == "ok"
        assert 0 < check["latency_ms"] < 2000
    assert report["checks"]["migrations"]["detail"] == "at 0002"
    assert server.http.get("/health/live").json() == {"state": "ok"}
    summary = server.http.get("/health").json()
    version = program.run("version", env={}).stdout.strip()
    assert summary == {"service": "socialize-api", "version": version, "environment": "test", "state": "ok"}


def test_without_a_database_it_lives_but_is_not_ready(directory: Path, env: dict[str, str]) -> None:
    with serving(directory, env | {"SOCIALIZE_DB_PORT": str(free_port())}) as server:
        status, report = ready(server)
        assert (status, report["state"]) == (503, "failed")
        assert report["checks"]["database"]["state"] == "failed"
        assert report["checks"]["database"]["detail"] == "the database refused the connection"
        assert server.http.get("/health/live").status_code == 200
        assert server.http.get("/health").status_code == 503
        body = {"email": "a@example.com", "password": "canary"}
        answer = server.http.post("/api/auth/login", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


def test_a_database_that_never_answers_fails_within_the_limit(
    directory: Path, env: dict[str, str], silent_database: int
) -> None:
    with serving(directory, env | {"SOCIALIZE_DB_PORT": str(silent_database)}) as server:
        status, report = ready(server)
    assert status == 503
    for check in report["checks"].values():
        assert check["detail"] == "no answer within 2 s"
        assert 1900 < check["latency_ms"] < 3000


def test_readiness_follows_the_database_down_and_up(
    own_server: Server, postgres: Postgres, database: str
) -> None:
    with postgres.connect("postgres") as admin:
        admin.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false'.encode())
        eventually(lambda: ready(own_server)[0] == 503, "not ready")
        admin.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true'.encode())
        eventually(lambda: ready(own_server)[0] == 200, "ready again")


def test_without_migrations_it_is_not_ready(
    directory: Path, base_env: dict[str, str], postgres: Postgres
) -> None:
    blank = base_env | {"SOCIALIZE_DB_NAME": postgres.create_database()}
    with serving(directory, blank) as server:
        status, report = ready(server)
        assert (status, report["state"]) == (503, "failed")
        assert report["checks"]["database"]["state"] == "ok"
        assert report["checks"]["migrations"]["detail"] == "no migration has been applied"
        assert program.run("migrate", env=blank).returncode == 0
        eventually(lambda: ready(server)[0] == 200, "ready after the migration")


def status_at(server: Server, revision: str) -> int:
    """The status of readiness, once the server has seen the revision; 0 before."""
    status, report = ready(server)
    return status if f"at {revision}, " in report["checks"]["migrations"]["detail"] else 0


def test_it_stays_ready_on_the_schema_of_a_newer_version_and_on_no_other(
    own_server: Server, postgres: Postgres, database: str
) -> None:
    with postgres.connect(database) as connection:
        for revision, status in (("0003", 200), ("f3a9c1", 503), ("0010", 200), ("0001", 503)):
            connection.execute("UPDATE alembic_version SET version_num = %s", [revision])
            assert eventually(partial(status_at, own_server, revision), "the revision is seen") == status
        connection.execute("DELETE FROM alembic_version")
        eventually(lambda: "no revision" in str(ready(own_server)), "the empty table is seen")
        assert ready(own_server)[0] == 503


def test_many_callers_cost_the_database_one_check_a_second(
    own_server: Server, postgres: Postgres, database: str
) -> None:
    ready(own_server)
    with postgres.connect("postgres") as admin:
        admin.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false'.encode())
        eventually(lambda: ready(own_server)[0] == 503, "not ready")
        latencies = {ready(own_server)[1]["checks"]["database"]["latency_ms"] for _ in range(10)}
    assert len(latencies) <= 3


@pytest.mark.parametrize("which", [[], ["live"], ["ready"]])
def test_the_health_check_command_shows_the_answer(server: Server, which: list[str]) -> None:
    done = program.run("healthcheck", *which, env=server.env)
    assert (done.returncode, done.stderr) == (0, "")
    assert '"state":"ok"' in done.stdout


def test_the_health_check_command_fails_when_not_ready(directory: Path, env: dict[str, str]) -> None:
    with serving(directory, env | {"SOCIALIZE_DB_PORT": str(free_port())}) as server:
        done = program.run("healthcheck", env=server.env)
        assert done.returncode == 1
        assert '"state":"failed"' in done.stdout
        assert program.run("healthcheck", "live", env=server.env).returncode == 0


def test_the_health_check_command_fails_without_a_server() -> None:
    done = program.run("healthcheck", env={"SOCIALIZE_PORT": str(free_port())})
    assert done.returncode == 1
    assert done.stdout.startswith("socialize: no answer from the server: ")
    assert done.stderr == ""
