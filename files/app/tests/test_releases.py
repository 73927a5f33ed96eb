"""Two releases on one schema: the rule of `socialize.migrations`, held against what there is."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import program
import pytest
import sqlalchemy as sa
from administrator import browser, promoted
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from client import Person, create_all, invited_person
from contract import Contract
from mailserver import receiving
from operations import document, shown
from postgres import Postgres
from program import Server, serving, working

PREPARED_AFTER = 5
"""Executions after which a connection of psycopg has the statement prepared by the server; its default."""
WIDENED = {"0002": {"rule ck_memberships_role on memberships"}}
"""By revision: rules on columns of the version before it that allow all they did, and more. Judged by eye."""

COLUMNS = """
    SELECT table_name, column_name, udt_name, is_nullable = 'YES' OR column_default IS NOT NULL
    FROM information_schema.columns WHERE table_schema = 'public'
"""
RULES = """
    SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), conkey
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
    UNION
    SELECT indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid), indkey::int2[]
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indisunique AND relnamespace = 'public'::regnamespace
"""
NUMBERS = "SELECT attrelid::regclass::text, attnum, attname::text FROM pg_attribute WHERE attnum > 0"


@dataclass(frozen=True)
class Schema:
    """What statements rely on, in all tables."""

    columns: dict[tuple[str, str], tuple[str, bool]]
    """By table and column: the type, and whether a row may leave it out."""
    rules: dict[tuple[str, str, str], frozenset[str]]
    """By table, name and definition of a constraint or unique index: its columns."""

    @classmethod
    def of(cls, postgres: Postgres, database: str) -> "Schema":
        with postgres.connect(database) as connection:
            columns = {(t, c): (kind, optional) for t, c, kind, optional in connection.execute(COLUMNS)}
            names = {(t, number): name for t, number, name in connection.execute(NUMBERS)}
            rules = {
                (t, name, text): frozenset(names[t, number] for number in numbers if number)
                for t, name, text, numbers in connection.execute(RULES)
            }
        return cls(columns, rules)


def breaks(before: Schema, after: Schema) -> Iterator[str]:
    """What may stop statements that were written for the schema before."""
    tables = {table for table, _ in before.columns}
    for (table, column), (kind, optional) in before.columns.items():
        left = after.columns.get((table, column))
        if left is None or left[0] != kind or (optional and not left[1]):
            yield f"column {column} of {table}"
    for table, column in after.columns.keys() - before.columns.keys():
        if table in tables and not after.columns[table, column][1]:
            yield f"column {column} of {table}"
    for table, name, text in after.rules.keys() - before.rules.keys():
        if any((table, column) in before.columns for column in after.rules[table, name, text]):
            yield f"rule {name} on {table}"


def migrate(postgres: Postgres, database: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "socialize:migrations")
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: postgres.connect(database))
    with engine.connect() as config.attributes["connection"]:
        command.upgrade(config, revision)
    engine.dispose()


def test_every_migration_leaves_the_schema_usable_for_the_release_before(postgres: Postgres) -> None:
    """What the release before relied on is still there, and nothing is asked of it that it does not know."""
    config = Config()
    config.set_main_option("script_location", "socialize:migrations")
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    database = postgres.create_database()
    migrate(postgres, database, revisions[0])
    for revision in revisions[1:]:
        before = Schema.of(postgres, database)
        migrate(postgres, database, revision)
        assert set(breaks(before, Schema.of(postgres, database))) == WIDENED.get(revision, set()), revision


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("ALTER TABLE comments DROP COLUMN body", "column body of comments"),
        ("ALTER TABLE comments RENAME body TO text", "column body of comments"),
        ("ALTER TABLE users RENAME TO people", "column email of users"),
        ("ALTER TABLE uploads ALTER size_bytes TYPE bigint", "column size_bytes of uploads"),
        ("ALTER TABLE invites ALTER sent_at SET NOT NULL", "column sent_at of invites"),
        ("ALTER TABLE jobs ALTER attempts DROP DEFAULT", "column attempts of jobs"),
        ("ALTER TABLE users ADD phone text NOT NULL", "column phone of users"),
        ("ALTER TABLE comments ADD CHECK (length(body) < 9)", "rule comments_body_check on comments"),
        ("CREATE UNIQUE INDEX once ON comments (author_id)", "rule once on comments"),
    ],
)
def test_a_migration_that_breaks_the_rule_would_be_found(
    postgres: Postgres, database: str, statement: str, found: str
) -> None:
    before = Schema.of(postgres, database)
    with postgres.connect(database) as connection:
        connection.execute(statement.encode())
    assert found in set(breaks(before, Schema.of(postgres, database)))


def add_what_a_later_migration_may(postgres: Postgres, database: str) -> None:
    """Everything that the rule allows, to every table."""
    before = Schema.of(postgres, database)
    with postgres.connect(database) as connection:
        for number, table in enumerate(sorted({table for table, _ in before.columns} - {"alembic_version"})):
            connection.execute(
                f"ALTER TABLE {table} ADD later_note text, ADD later_count integer NOT NULL DEFAULT 0,"
                f" ADD CHECK (later_count >= 0), ADD UNIQUE (later_note);"
                f"CREATE INDEX later_{number} ON {table} (later_count);"
                f"CREATE TABLE later_{number}_things (id uuid PRIMARY KEY, note text);".encode()
            )
        connection.execute("UPDATE alembic_version SET version_num = '0003'")
    assert not list(breaks(before, Schema.of(postgres, database)))


def see_operations(person: Person) -> None:
    """Look at the operations page and its document, and leave."""
    pages = browser(promoted(person))
    shown(pages)
    document(person)
    assert pages.post("/admin/log-out").status_code == 303


def test_this_release_works_beside_a_newer_migration_and_after_a_rollback(
    directory: Path, env: dict[str, str], postgres: Postgres, database: str, tmp_path: Path
) -> None:
    """Every statement of this release works on a schema with additions that it does not know.

    Shown twice: with the migration made under its feet, when its connections have their statements prepared;
    and with this release started on the newer schema, its own `migrate` first, as a rollback does. All
    operations of the API and both kinds of job are gone through. That a real migration only adds is shown by
    the tests above; that this release understands new *values* in old columns is shown nowhere.
    """
    (tmp_path / "invite-key").write_text("canary-invite-key")
    (tmp_path / "blobs").mkdir()
    own = {
        "SOCIALIZE_INVITE_KEY_FILE": str(tmp_path / "invite-key"),
        "SOCIALIZE_BLOB_PATH": str(tmp_path / "blobs"),
        "SOCIALIZE_CLEAN_UP_SECONDS": "0.2",
    }
    with receiving() as mailbox:
        settings = env | own | mailbox.env

        def work(server: Server) -> None:
            with working(directory, settings) as worker:
                person = Person(server)
                create_all(person)
                invited_person(person, mailbox)
                see_operations(person)
                worker.line("a clean-up", message="job done", job="clean_up")
                assert person.http.post("/api/auth/logout").status_code == 204
                assert not [line for line in worker.lines() if line["level"] in ("warning", "error")]

        with serving(directory, settings) as old:
            person = Person(old)
            for _ in range(PREPARED_AFTER + 1):
                create_all(person)
            add_what_a_later_migration_may(postgres, database)
            work(old)
            assert program.run("migrate", env=settings).returncode == 0
            with serving(directory, settings) as rolled_back:
                work(rolled_back)
                assert rolled_back.http.get("/health/ready").status_code == 200
                for server in (old, rolled_back):
                    requests = [line for line in server.lines() if line["log_type"] == "request"]
                    assert {f"{r['method']} {r['route']}" for r in requests} >= Contract().operations()
                    assert not [line for line in server.lines() if line["level"] in ("warning", "error")]
