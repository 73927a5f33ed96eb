"""The program under test, run as its users run it: the command `socialize` in a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from postgres import free_port

COMMAND = str(Path(sys.executable).with_name("socialize"))
T = TypeVar("T")
DEADLINE_SECONDS = 20.0


def eventually(what: Callable[[], T], description: str) -> T:
    """Call `what` until it returns something true; fails after `DEADLINE_SECONDS`."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if result := what():
            return result
        time.sleep(0.02)
    raise AssertionError(f"not within {DEADLINE_SECONDS} s: {description}")


def run(*arguments: str, env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end, with nothing in its environment but `env` and PATH."""
    return subprocess.run(
        [COMMAND, *arguments], env={"PATH": os.environ["PATH"], **env}, capture_output=True, text=True,
        timeout=DEADLINE_SECONDS, check=False,
    )  # fmt: skip


class Process:
    """A running `socialize <verb>`, and what it has written."""

    def __init__(self, verb: str, directory: Path, env: Mapping[str, str]) -> None:
        self.env = {"PATH": os.environ["PATH"], **env}
        self._output = directory / f"{verb}-{uuid.uuid4().hex}.log"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [COMMAND, verb], env=self.env, cwd=directory, stdout=output, stderr=subprocess.STDOUT
            )

    def end(self) -> None:
        """End the process, whatever state it is in."""
        self.process.kill()
        self.process.wait()

    def output(self) -> str:
        return self._output.read_text()

    def lines(self) -> list[dict[str, Any]]:
        """Every whole line written so far; fails when one is not a JSON object."""
        whole = self.output().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def line(self, description: str, **fields: object) -> dict[str, Any]:
        """The first line with those fields, once there is one."""

        def found() -> dict[str, Any] | None:
            return next((line for line in self.lines() if fields.items() <= line.items()), None)

        line = eventually(found, description)
        assert line is not None
        return line

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def exit_status(self) -> int:
        return self.process.wait(DEADLINE_SECONDS)


class Server(Process):
    """A running `socialize serve` and a client of it."""

    def __init__(self, directory: Path, env: Mapping[str, str]) -> None:
        self.port = free_port()
        super().__init__(
            "serve", directory, {"SOCIALIZE_PORT": str(self.port), "SOCIALIZE_DRAIN_SECONDS": "0", **env}
        )
        self._clients: list[httpx2.Client] = []
        eventually(self._has_started, "the server listens")
        self.http = self.client()

    def _has_started(self) -> bool:
        assert self.process.poll() is None, f"the server ended: {self.output()}"
        return self.listens()

    def listens(self) -> bool:
        """Whether a new connection is taken."""
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return False
        return True

    def breaks_off(self, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """The request log line of a client that goes away after half of its body."""
        correlation = uuid.uuid4().hex
        sent = {"Host": "127.0.0.1", "Content-Length": "100", "X-Correlation-Id": correlation} | dict(headers)
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n{'x' * 50}".encode())
        return self.request_line(correlation)

    def client(self) -> httpx2.Client:
        """A client that keeps its connections until the server is ended."""
        client = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        self._clients.append(client)
        return client

    def end(self) -> None:
        for client in self._clients:
            client.close()
        super().end()

    def request_line(self, correlation_id: str) -> dict[str, Any]:
        """The request log line with that correlation id (it is written after the answer is sent)."""
        wanted = {"log_type": "request", "correlation_id": correlation_id}
        return self.line(f"a request line with {correlation_id}", **wanted)


class Worker(Process):
    """A running `socialize worker`."""

    def __init__(self, directory: Path, env: Mapping[str, str]) -> None:
        self.alive_file = directory / f"{uuid.uuid4().hex}.alive"
        settings = {
            "SOCIALIZE_WORKER_ALIVE_FILE": str(self.alive_file),
            "SOCIALIZE_WORKER_POLL_SECONDS": "0.05",
            "SOCIALIZE_WORKER_RETRY_SECONDS": "0.1",
        }
        super().__init__("worker", directory, settings | dict(env))
        eventually(self._has_started, "the worker reports")

    def _has_started(self) -> bool:
        assert self.process.poll() is None, f"the worker ended: {self.output()}"
        return self.alive_file.exists()


P = TypeVar("P", bound=Process)


@contextmanager
def running(process: P) -> Iterator[P]:
    """A process that is ended afterwards, whatever happened to it."""
    try:
        yield process
    finally:
        process.end()


def serving(directory: Path, env: Mapping[str, str]) -> AbstractContextManager[Server]:
    """A server that is ended afterwards, whatever happened to it."""
    return running(Server(directory, env))


def working(directory: Path, env: Mapping[str, str]) -> AbstractContextManager[Worker]:
    """A worker that is ended afterwards, whatever happened to it."""
    return running(Worker(directory, env))
