"""What Postgres counts as undone: alerts judge the share of it, so what only reads must not be counted."""

from pathlib import Path

from client import Person, create_all
from postgres import Postgres
from program import eventually, serving

OF_A_PROCESS = 1
"""SQLAlchemy rolls back what it asks a server whose version it does not know yet."""


def undone(postgres: Postgres, database: str) -> int:
    """Transactions that were rolled back, once every connection has told of its own."""
    gone = f"SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = '{database}'"
    count = f"SELECT xact_rollback FROM pg_stat_database WHERE datname = '{database}'"
    with postgres.connect("postgres") as connection:

        def asked(query: str) -> int:
            row = connection.execute(query.encode()).fetchone()
            assert row
            return int(row[0])

        eventually(lambda: asked(gone), "all connections to be closed")
        return asked(count)


def test_only_a_refused_request_is_undone(
    directory: Path, env: dict[str, str], database: str, postgres: Postgres, tmp_path: Path
) -> None:
    env |= {"SOCIALIZE_BLOB_PATH": str(tmp_path)}
    with serving(directory, env) as server:
        create_all(Person(server))
        for path in ("/health/ready", "/health", "/api/nothing"):
            server.http.get(path)
    assert undone(postgres, database) == OF_A_PROCESS
    with serving(directory, env) as server:
        assert server.http.get("/api/me", headers={"Authorization": "Bearer x"}).status_code == 401
    assert undone(postgres, database) == 2 * OF_A_PROCESS + 1
