"""What telemetry costs the app: ``python bench/overhead.py`` prints a table of ratios to an app without any.

Three servers run side by side on one Postgres server: with telemetry off, sending to a receiver that answers 200 to
everything, and sending to a port that nobody listens on. Rounds of load go to one after the other, so that what
drifts on the machine drifts for all of them. Needs what the app's tests need.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "files" / "app" / "tests"))

import program  # noqa: E402
from client import Person  # noqa: E402
from postgres import Postgres, free_port  # noqa: E402

ROUNDS = 7
SECONDS = 6.0
"""Of load, each time that a server has its turn."""
CLIENTS = 4
"""Connections; each sends its next request when it has the answer to the one before."""
EXPORT_INTERVAL_MS = 5000
"""Between exports of metrics: a twelfth of the default, so that every turn has one."""
TICKS = os.sysconf("SC_CLK_TCK")


class Sink(BaseHTTPRequestHandler):
    """Reads what it is sent and says that all is well."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def receive(port: int) -> None:
    ThreadingHTTPServer(("127.0.0.1", port), Sink).serve_forever()


@dataclass(frozen=True)
class Request:
    """What the clients of a server send again and again."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None = None
    expected: int = 200


@dataclass(frozen=True)
class Turn:
    """What a server did in one turn."""

    requests_per_second: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    """CPU time of the server's process, all its threads, for one request."""

    def __truediv__(self, other: Turn) -> Turn:
        return Turn(*(mine / its for mine, its in zip(vars(self).values(), vars(other).values(), strict=True)))


@dataclass(frozen=True)
class Candidate:
    """A server and the requests that it gets, by name."""

    server: program.Server
    requests: dict[str, Request]

    def turn(self, name: str, seconds: float = SECONDS) -> Turn:
        latencies: list[float] = []
        until = time.monotonic() + seconds
        threads = [threading.Thread(target=self._send, args=(name, until, latencies)) for _ in range(CLIENTS)]
        started, cpu = time.monotonic(), self._cpu_seconds()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed, cpu = time.monotonic() - started, self._cpu_seconds() - cpu
        cuts = statistics.quantiles(latencies, n=20)
        count = len(latencies)
        return Turn(count / elapsed, cuts[9] * 1000, cuts[18] * 1000, cpu / count * 1000)

    def _send(self, name: str, until: float, latencies: list[float]) -> None:
        request = self.requests[name]
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        while (started := time.monotonic()) < until:
            connection.request(request.method, request.path, request.body, request.headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != request.expected:
                raise SystemExit(f"{request.method} {request.path}: {answer.status}")
            latencies.append(time.monotonic() - started)
        connection.close()

    def _cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


def candidate(server: program.Server) -> Candidate:
    """A server with something to read and a place to write to."""
    person = Person(server)
    workspace = person.workspace(person.organization())
    headers = {"Authorization": f"Bearer {person.token}", "Content-Type": "application/json"}
    body = json.dumps({"title": "Spring", "body": "It is green. " * 20}).encode()
    write = Request("POST", f"/api/workspaces/{workspace}/content-items", headers, body, 201)
    return Candidate(server, {"read": Request("GET", "/api/organizations", headers), "write": write})


@contextmanager
def candidates(directory: Path) -> Iterator[dict[str, Candidate]]:
    with ExitStack() as stack:
        postgres = Postgres.start()
        stack.callback(postgres.stop)
        env = {
            "SOCIALIZE_DB_HOST": "127.0.0.1",
            "SOCIALIZE_DB_PORT": str(postgres.port),
            "SOCIALIZE_DB_PASSWORD_FILE": str(postgres.directory / "password"),
            "SOCIALIZE_DB_NAME": postgres.create_database(),
        }
        if (done := program.run("migrate", env=env)).returncode:
            raise SystemExit(done.stderr)
        port = free_port()
        sink = multiprocessing.get_context("spawn").Process(target=receive, args=(port,), daemon=True)
        sink.start()
        stack.callback(sink.terminate)
        kinds = {"off": {}, "to a receiver": sending(port), "no receiver": sending(free_port())}
        yield {
            kind: candidate(stack.enter_context(program.serving(directory, env | own))) for kind, own in kinds.items()
        }


def sending(port: int) -> dict[str, str]:
    interval = {"OTEL_METRIC_EXPORT_INTERVAL": str(EXPORT_INTERVAL_MS)}
    return interval | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}


def main() -> None:
    turns: dict[tuple[str, str], list[Turn]] = {}
    with tempfile.TemporaryDirectory() as folder, candidates(Path(folder)) as running:
        for name in ("read", "write"):
            for each in running.values():
                each.turn(name, 2.0)  # Connections, caches and statements are made.
            for number in range(ROUNDS):
                first = number % len(running)
                for kind in (*list(running)[first:], *list(running)[:first]):
                    turns.setdefault((name, kind), []).append(running[kind].turn(name))
    print("| request | telemetry | requests/s | p50 | p95 | CPU a request |\n|---|---|---|---|---|---|")
    for (name, kind), mine in sorted(turns.items(), key=lambda item: item[0][0]):
        off = turns[name, "off"]
        if kind == "off":
            row(name, kind, mine, [("{:.0f}", ""), ("{:.1f}", " ms"), ("{:.1f}", " ms"), ("{:.2f}", " ms")])
        else:
            row(name, kind, [turn / its for turn, its in zip(mine, off, strict=True)], [("{:.2f}", "")] * 4)


def row(name: str, kind: str, turns: list[Turn], formats: list[tuple[str, str]]) -> None:
    columns = zip(*(vars(turn).values() for turn in turns), strict=True)
    cells = (spread(column, *form) for column, form in zip(columns, formats, strict=True))
    print(f"| {name} | {kind} | {' | '.join(cells)} |", flush=True)


def spread(values: tuple[float, ...], form: str, unit: str) -> str:
    median, low, high = (form.format(pick(values)) for pick in PICKS)
    return f"{median}{unit} ({low} to {high})"


PICKS: tuple[Callable[[tuple[float, ...]], float], ...] = (statistics.median, min, max)


if __name__ == "__main__":
    main()
