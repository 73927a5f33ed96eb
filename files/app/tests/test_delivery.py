"""Telemetry that does not arrive: told once, in the way of nobody, sent later or counted, left at the end."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from client import Person
from postgres import free_port
from program import Process, Server, eventually, serving, working
from receiver import Receiver, points, receiving, values

AT_ONCE = {"OTEL_METRIC_EXPORT_INTERVAL": "100", "OTEL_BSP_SCHEDULE_DELAY": "100"}
# So small that it is full while nothing can be sent.
SMALL_QUEUE = {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4"}
OUTAGE = {"message": "telemetry does not arrive", "level": "warning"}
END = {"message": "telemetry arrives again", "level": "warning"}


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield listener.getsockname()[1]


def endpoint(port: int) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://canary:canary@127.0.0.1:{port}"} | AT_ONCE


def told(process: Process) -> list[dict[str, Any]]:
    return [line for line in process.lines() if line["level"] in ("warning", "error", "critical")]


def messages(process: Process) -> list[str]:
    return [line["message"] for line in told(process)]


def test_an_outage_is_two_lines_however_long_it_is(directory: Path, env: dict[str, str]) -> None:
    port = free_port()
    with serving(directory, env | endpoint(port) | SMALL_QUEUE) as server:
        line = server.line("the outage is told", **OUTAGE)
        assert line["error_type"] == "connection"
        with receiving(port) as receiver:
            receiver.status = 400
            person = Person(server)

            def refused() -> bool:
                person.organization()
                return min(map(receiver.paths.count, ("/v1/traces", "/v1/metrics"))) > 5

            eventually(refused, "several exports have been refused")
            assert messages(server) == [OUTAGE["message"]]
            receiver.status = 200
            # A new span each time: those before may all have been refused.
            eventually(
                lambda: person.organization() and END["message"] in messages(server), "its end is told"
            )
            before = len(receiver.paths)
            eventually(lambda: len(receiver.paths) > before + 5, "more has arrived")
            assert messages(server) == [OUTAGE["message"], END["message"]]
            receiver.status = 403
            eventually(lambda: len(told(server)) == 3, "the next outage is told")
            assert told(server)[-1]["error_type"] == "client_error"
    assert "canary" not in server.output()
    assert not any("exception_type" in line for line in server.lines())


def test_a_receiver_that_never_answers_keeps_nobody_waiting(
    directory: Path, env: dict[str, str], silent: int
) -> None:
    settings = env | endpoint(silent) | {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4"}
    with serving(directory, settings) as server, working(directory, settings) as worker:
        person = Person(server)
        for process in (server, worker):
            process.line("the outage is told", error_type="timeout", **OUTAGE)
        assert max(timed(person.organization) for _ in range(50)) < 1  # Less than any export hangs.
        started = time.monotonic()
        for process in (server, worker):
            process.terminate()
        for process in (server, worker):
            assert process.exit_status() == 0
            assert messages(process) == [OUTAGE["message"]]
        assert time.monotonic() - started < 10  # Each of a hundred exports that wait would take 3 s.


API = "socialize-api"
SPANS, METRIC_EXPORTS = "socialize.spans.lost", "socialize.metric_export.failures"
REQUESTS = 40


def test_spans_wait_until_the_receiver_is_there(directory: Path, env: dict[str, str]) -> None:
    port = free_port()
    with serving(directory, env | endpoint(port)) as server:
        traces = {traced(server) for _ in range(REQUESTS)}
        server.line("the outage is told", **OUTAGE)
        with receiving(port) as receiver:
            receiver.status = 503
            eventually(lambda: "/v1/traces" in receiver.paths, "the receiver has said that it is overloaded")
            receiver.status = 200
            eventually(lambda: traces <= seen(receiver), "every trace arrives")
            eventually(lambda: lost(receiver, SPANS), "the counter")
            assert set(lost(receiver, SPANS).values()) == {0}


def test_every_span_arrives_or_is_counted(directory: Path, env: dict[str, str]) -> None:
    port = free_port()
    with serving(directory, env | endpoint(port) | SMALL_QUEUE) as server:
        with receiving(port) as receiver:
            each = spans_of(receiver, traced(server))
        for _ in range(REQUESTS):
            traced(server)
        with receiving(port) as receiver:

            def accounted() -> int:
                return len(receiver.spans()) + sum(lost(receiver, SPANS).values())

            eventually(lambda: accounted() == each * REQUESTS, "every span has arrived, or is counted")
            assert 0 < len(receiver.spans()) <= 8 + 4  # The queue, and what was on its way.
            assert lost(receiver, SPANS)["queue_full"] == accounted() - len(receiver.spans())
            receiver.status = 400
            traced(server)
            before, both = len(receiver.paths), {"/v1/traces", "/v1/metrics"}
            eventually(lambda: both <= set(receiver.paths[before:]), "both are refused")
            receiver.status = 200
            eventually(lambda: accounted() == each * (REQUESTS + 1), "what was refused is counted, too")
            assert 1 <= lost(receiver, SPANS)["client_error"] <= each
            assert lost(receiver, METRIC_EXPORTS)["client_error"] >= 1


def traced(server: Server) -> str:
    return server.http.get("/api/me", headers={"Authorization": "Bearer x"}).headers["X-Trace-Id"]


def seen(receiver: Receiver) -> set[str]:
    return {span.trace_id.hex() for span in receiver.spans()}


def spans_of(receiver: Receiver, trace: str) -> int:
    """How many spans a request has: the newest of them is the request itself."""
    eventually(
        lambda: trace in {span.trace_id.hex() for span in receiver.spans() if span.kind == 2}, "its trace"
    )
    return len(receiver.spans())


def lost(receiver: Receiver, name: str) -> dict[str, int]:
    """The newest state of a counter, by the reason."""
    found = points(receiver.metrics(API).get(name))
    return {values(point.attributes)["error.type"]: point.as_int for point in found}


def timed(step: Callable[[], object]) -> float:
    started = time.monotonic()
    step()
    return time.monotonic() - started
