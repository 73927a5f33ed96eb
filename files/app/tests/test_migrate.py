"""Migrations."""

import concurrent.futures

import alembic.autogenerate
import program
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from postgres import PASSWORD, Postgres, free_port
from program import eventually

from socialize import schema
from socialize.migrate import LOCK_KEY


@pytest.fixture
def blank(postgres: Postgres) -> str:
    return postgres.create_database()


@pytest.fixture
def blank_env(base_env: dict[str, str], blank: str) -> dict[str, str]:
    return base_env | {"SOCIALIZE_DB_NAME": blank}


def revisions(postgres: Postgres, database: str) -> list[str]:
    with postgres.connect(database) as connection:
        return [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]


def test_the_migrations_make_the_schema_that_the_code_declares(postgres: Postgres, database: str) -> None:
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: postgres.connect(database))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert alembic.autogenerate.compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_a_second_run_changes_nothing(postgres: Postgres, database: str, env: dict[str, str]) -> None:
    done = program.run("migrate", env=env)
    assert (done.returncode, done.stderr) == (0, "socialize: the database is at 0002\n")
    assert revisions(postgres, database) == ["0002"]


def test_two_at_once_both_succeed(postgres: Postgres, blank: str, blank_env: dict[str, str]) -> None:
    """Both are held at the lock until both are there: without the lock they would not wait."""

    def waiting() -> int:
        query = (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = %s::oid"
        )
        with postgres.connect(blank) as connection:
            oid = connection.execute("SELECT oid FROM pg_database WHERE datname = %s", [blank]).fetchone()
            assert oid
            row = connection.execute(query, oid).fetchone()
            return int(row[0]) if row else 0

    with concurrent.futures.ThreadPoolExecutor() as pool:
        with postgres.connect(blank) as holder:
            holder.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
            runs = [pool.submit(program.run, "migrate", env=blank_env) for _ in range(2)]
            eventually(lambda: waiting() == 2, "both wait")
        outcomes = [run.result() for run in runs]
    assert [outcome.returncode for outcome in outcomes] == [0, 0], [outcome.stderr for outcome in outcomes]
    assert revisions(postgres, blank) == ["0002"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SOCIALIZE_DB_PORT": str(free_port())}, "the database refused the connection"),
        ({"SOCIALIZE_DB_NAME": "nowhere"}, "the database does not exist"),
        ({"SOCIALIZE_DB_USER": "nobody"}, "the database refused the user or the password"),
        ({"SOCIALIZE_DB_HOST": "no-such-host.invalid"}, "the database host name does not resolve"),
    ],
)
def test_a_failure_is_one_sentence(env: dict[str, str], change: dict[str, str], sentence: str) -> None:
    done = program.run("migrate", env=env | change)
    assert (done.returncode, done.stderr) == (1, f"socialize: cannot migrate: {sentence}\n")
    assert PASSWORD not in done.stdout


def at(postgres: Postgres, database: str, revision: str) -> None:
    with postgres.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", [revision])


def test_a_newer_database_is_left_as_it_is(postgres: Postgres, database: str, env: dict[str, str]) -> None:
    at(postgres, database, "0010")
    done = program.run("migrate", env=env)
    sentence = "the database is at 0010, newer than 0002, which this version knows; it is left as it is"
    assert (done.returncode, done.stderr) == (0, f"socialize: {sentence}\n")
    assert revisions(postgres, database) == ["0010"]


def test_a_database_of_something_else_is_refused(
    postgres: Postgres, database: str, env: dict[str, str]
) -> None:
    at(postgres, database, "f3a9c1")
    done = program.run("migrate", env=env)
    sentence = "the database is at a revision that this version does not know"
    assert (done.returncode, done.stderr) == (1, f"socialize: cannot migrate: {sentence}\n")
    assert revisions(postgres, database) == ["f3a9c1"]


def test_a_migration_that_fails_leaves_nothing_behind(
    postgres: Postgres, blank: str, blank_env: dict[str, str]
) -> None:
    with postgres.connect(blank) as connection:
        connection.execute("CREATE TABLE content_items (note text)")
        done = program.run("migrate", env=blank_env)
        sentence = "the database refused a migration (SQLSTATE 42P07)"
        assert (done.returncode, done.stderr) == (1, f"socialize: cannot migrate: {sentence}\n")
        tables = connection.execute("SELECT relname FROM pg_stat_user_tables").fetchall()
        assert tables == [("content_items",)]
        connection.execute("DROP TABLE content_items")
    assert program.run("migrate", env=blank_env).returncode == 0
