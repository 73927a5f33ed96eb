"""A throw-away Postgres server, started from the installed package's own binaries."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

PASSWORD = "canary-database-password"  # noqa: S105  (of a throw-away server; searched for in the logs)


def free_port() -> int:
    """A TCP port of the loopback address that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def binaries() -> Path:
    """The directory of initdb and pg_ctl, of the newest server installed.

    Raises:
        FileNotFoundError: there is none.
    """
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    found = str(packaged[-1]) if packaged else shutil.which("initdb")
    if not found:
        raise FileNotFoundError("the tests need a Postgres server: apt-get install postgresql")
    return Path(found).parent


@dataclass(frozen=True)
class Postgres:
    """A running server; `directory` holds its data and its password file."""

    directory: Path
    port: int

    @classmethod
    def start(cls) -> "Postgres":
        server = cls(Path(tempfile.mkdtemp(prefix="socialize-postgres-")), free_port())
        (server.directory / "password").write_text(PASSWORD)
        server._own(server.directory, server.directory / "password")
        access = ("--auth=scram-sha-256", "--username=socialize", f"--pwfile={server.directory}/password")
        server._run("initdb", "-D", server.data, *access, "--encoding=UTF8", "--locale=C", "--no-sync")
        speed = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"
        place = (
            f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={server.directory}"
        )
        server._run(
            "pg_ctl", "start", "-w", "-D", server.data, "-l", f"{server.data}/log", "-o", f"{place} {speed}"
        )
        return server

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self.data)
        shutil.rmtree(self.directory)

    @property
    def data(self) -> str:
        return f"{self.directory}/data"

    def connect(self, database: str) -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection as the superuser, every statement a transaction."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="socialize",
            password=PASSWORD,
            dbname=database,
            autocommit=True,
        )

    def create_database(self, template: str = "template0") -> str:
        """Make a database from the template and return its name."""
        name = f"test_{uuid.uuid4().hex}"
        with self.connect("postgres") as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return name

    def _run(self, program: str, *arguments: str) -> None:
        user = "postgres" if os.getuid() == 0 else None  # The server refuses to run as root.
        groups: list[str | int] | None = [] if user else None
        done = subprocess.run(
            [binaries() / program, *arguments],
            user=user,
            group=user,
            extra_groups=groups,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{program} failed: {done.stdout}"

    @staticmethod
    def _own(*paths: Path) -> None:
        if os.getuid() == 0:
            for path in paths:
                shutil.chown(path, "postgres", "postgres")
