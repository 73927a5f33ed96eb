"""The database, asked from inside its container."""

from __future__ import annotations

from verify.nouns.container import Container

_POWERS = ("rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls")


class Database:
    """The Postgres of a container."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def powers(self, role: str) -> list[str] | None:
        """Attributes of a role that reach beyond its own tables (columns of pg_roles); None: no such role."""
        row = self._ask(f"select {', '.join(_POWERS)} from pg_roles where rolname = '{role}'")
        return None if not row else [name for name, value in zip(_POWERS, row.split("|"), strict=True) if value == "t"]

    def memberships(self, role: str) -> list[str]:
        """Roles whose rights a role has besides its own."""
        return self._ask(
            "select g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid "
            f"join pg_roles u on u.oid = m.member where u.rolname = '{role}'"
        ).split()

    def clear_passwords(self) -> list[str]:
        """Roles whose password is not kept as a SCRAM verifier."""
        return self._ask(
            "select rolname from pg_authid where rolpassword is not null and rolpassword not like 'SCRAM-SHA-256$%'"
        ).split()

    def bring_forward(self, job: str) -> None:
        """Have a recurring job of the app done now instead of at its next time."""
        self._ask(f"update jobs set visible_at = now() where schedule = '{job}' and taken_at is null", "socialize")

    def _ask(self, query: str, database: str = "postgres") -> str:
        return self._container.output("psql", "-U", "postgres", "-d", database, "-Atqc", query).strip()
