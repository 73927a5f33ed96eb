"""The worker beside its jobs: clean-up, signs of life, a database that goes and comes."""

import os
import time
from pathlib import Path

import program
from client import Person
from postgres import Postgres
from program import Server, eventually, serving, working

OFTEN = {"SOCIALIZE_CLEAN_UP_SECONDS": "0.2"}


def test_what_has_expired_is_cleaned_up(
    own_server: Server, directory: Path, env: dict[str, str], postgres: Postgres, database: str
) -> None:
    person = Person(own_server)
    kept = person.log_in().json()["token"]
    with postgres.connect(database) as connection, working(directory, env | OFTEN):

        def count(table: str) -> int:
            row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()  # noqa: S608
            return int(row[0]) if row else -1

        query = "SELECT attempts FROM jobs WHERE kind = 'clean_up' AND taken_at IS NULL"
        eventually(lambda: connection.execute(query).fetchall() == [(0,)], "the first clean-up is over")
        connection.execute(
            "UPDATE sessions SET expires_at = now() WHERE ctid = (SELECT min(ctid) FROM sessions)"
        )
        connection.execute("INSERT INTO worker_heartbeats VALUES (gen_random_uuid(), now() - interval '2 d')")
        connection.execute("INSERT INTO rate_limits VALUES ('\\x00', now() - interval '1 s')")
        eventually(lambda: count("sessions") == 1, "the expired session is gone")
        eventually(lambda: count("worker_heartbeats") == 1, "the old heartbeat is gone")
        eventually(lambda: count("rate_limits") == 0, "the old limit is gone")
        assert count("jobs") == 1
    person.http.headers["Authorization"] = f"Bearer {kept}"
    assert person.http.get("/api/me").status_code == 200


def test_readiness_tells_of_the_worker_and_never_fails_for_it(
    directory: Path, env: dict[str, str], postgres: Postgres, database: str
) -> None:
    with serving(directory, env | {"SOCIALIZE_WORKER_EXPECTED": "true"}) as server:

        def check() -> tuple[int, str, str]:
            answer = server.http.get("/health/ready")
            worker = answer.json()["checks"]["worker"]
            return answer.status_code, worker["state"], worker["detail"]

        assert check() == (200, "degraded", "no worker has ever reported")
        with working(directory, env):
            eventually(lambda: check() == (200, "ok", "reports"), "the worker is seen")
        with postgres.connect(database) as connection:
            connection.execute("UPDATE worker_heartbeats SET beat_at = now() - interval '1 h'")
        eventually(lambda: check()[1] == "degraded", "the worker is missed")
        assert check()[::2] == (200, "no worker has reported for 3600 s") or "360" in check()[2]


def test_the_health_check_of_the_worker(directory: Path, env: dict[str, str], tmp_path: Path) -> None:
    nothing = {"SOCIALIZE_WORKER_ALIVE_FILE": str(tmp_path / "none")}
    done = program.run("healthcheck", "worker", env=nothing)
    assert (done.returncode, '"failed"' in done.stdout) == (1, True)
    with working(directory, env) as worker:
        settings = {"SOCIALIZE_WORKER_ALIVE_FILE": str(worker.alive_file)}
        done = program.run("healthcheck", "worker", env=settings)
        assert (done.returncode, '"ok"' in done.stdout) == (0, True)
    old = time.time() - 31
    os.utime(worker.alive_file, (old, old))
    done = program.run("healthcheck", "worker", env=settings)
    assert (done.returncode, '"failed"' in done.stdout) == (1, True)


def test_the_worker_outlives_an_outage_of_the_database(
    directory: Path, env: dict[str, str], postgres: Postgres, database: str
) -> None:
    with working(directory, env | OFTEN) as worker, postgres.connect("postgres") as admin:
        worker.line("a clean-up", message="job done", job="clean_up")
        admin.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false'.encode())
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database])
        worker.line("the outage is told", message="the database failed the worker", dependency="postgres")
        admin.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true'.encode())
        before = worker.output().count("job done")
        eventually(lambda: worker.output().count("job done") > before, "it works again")
        worker.terminate()
        assert worker.exit_status() == 0


def test_a_job_that_kills_its_workers_is_given_up(
    directory: Path, env: dict[str, str], postgres: Postgres, database: str
) -> None:
    with postgres.connect(database) as connection:
        connection.execute(
            "INSERT INTO jobs (id, kind, payload, attempts)"
            " VALUES (gen_random_uuid(), 'send_invite', '{}', 8)"
        )
        with working(directory, env) as worker:
            line = worker.line("it is given up", message="job is a dead letter")
        assert line["exception_type"] == "socialize.worker.JobLost"
        assert connection.execute("SELECT 1 FROM jobs WHERE died_at IS NOT NULL").fetchall() == [(1,)]
