"""The end of the server: drain, finish, exit with 0."""

import concurrent.futures
import json
from collections.abc import Callable
from pathlib import Path

from client import Person
from postgres import Postgres
from program import Server, eventually, run, serving


def state(server: Server) -> tuple[int, str]:
    answer = server.http.get("/health/ready")
    return answer.status_code, answer.json()["state"]


def waits_for_a_lock(postgres: Postgres, database: str) -> Callable[[], bool]:
    def waits() -> bool:
        with postgres.connect("postgres") as admin:
            query = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
            return bool(admin.execute(query, [database]).fetchall())

    return waits


def test_sigterm_drains_and_finishes_what_is_in_flight(
    directory: Path, env: dict[str, str], postgres: Postgres, database: str
) -> None:
    with (
        serving(directory, env | {"SOCIALIZE_DRAIN_SECONDS": "1.5"}) as server,
        concurrent.futures.ThreadPoolExecutor() as pool,
    ):
        person = Person(server)
        with postgres.connect(database) as blocker, blocker.transaction():
            blocker.execute("LOCK TABLE organizations IN ACCESS EXCLUSIVE MODE")
            in_flight = pool.submit(person.http.post, "/api/organizations", json={"name": "Late"})
            eventually(waits_for_a_lock(postgres, database), "the request is in flight")

            server.terminate()
            eventually(lambda: state(server) == (503, "draining"), "it says that it drains")
            health = run("healthcheck", env=server.env)
            assert (health.returncode, json.loads(health.stdout)["state"]) == (1, "draining")
            other = server.http.get("/api/organizations", headers={"Authorization": "Bearer x"})
            assert other.status_code == 401  # Still served: a proxy may not have noticed yet.
            eventually(lambda: not server.listens(), "it listens no more")
            assert server.process.poll() is None
            assert not in_flight.done()

        assert in_flight.result().status_code == 201
        assert server.exit_status() == 0
    assert [line["message"] for line in server.lines()].count("draining") == 1


def test_a_second_signal_ends_the_drain(directory: Path, env: dict[str, str]) -> None:
    with serving(directory, env | {"SOCIALIZE_DRAIN_SECONDS": "300"}) as server:
        server.terminate()
        eventually(lambda: state(server)[1] == "draining", "it drains")
        server.terminate()
        assert server.exit_status() == 0


def test_a_request_that_does_not_finish_is_cut_off(
    directory: Path, env: dict[str, str], postgres: Postgres, database: str
) -> None:
    with (
        serving(directory, env | {"SOCIALIZE_SHUTDOWN_TIMEOUT_SECONDS": "1"}) as server,
        concurrent.futures.ThreadPoolExecutor() as pool,
    ):
        person = Person(server)
        with postgres.connect(database) as blocker, blocker.transaction():
            blocker.execute("LOCK TABLE organizations IN ACCESS EXCLUSIVE MODE")
            in_flight = pool.submit(person.http.post, "/api/organizations", json={"name": "Never"})
            eventually(waits_for_a_lock(postgres, database), "the request is in flight")
            server.terminate()
            assert server.exit_status() == 0
        assert in_flight.exception() or in_flight.result().status_code >= 500
