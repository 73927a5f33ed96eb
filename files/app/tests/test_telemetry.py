"""Telemetry as operators set it: off, on, sampled, scraped, and with nobody listening."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from client import Person
from postgres import free_port
from program import Server, eventually, serving
from receiver import Receiver, receiving, values

PARENT = "0af7651916cd43dd8448eb211c80319c"


def traceparent(*, sampled: bool) -> dict[str, str]:
    return {"traceparent": f"00-{PARENT}-b7ad6b7169203331-0{int(sampled)}", "tracestate": "canary=1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_a_given_trace_is_continued_and_told(
    directory: Path, env: dict[str, str], receiver: Receiver
) -> None:
    with serving(directory, env | receiver.env) as server:
        answer = server.http.get("/api/me", headers=traceparent(sampled=True))
        assert answer.headers["X-Trace-Id"] == PARENT
        line = server.request_line(answer.headers["X-Correlation-Id"])
        span = eventually(receiver.spans, "the span arrives")[0]
    assert (line["trace_id"], line["span_id"]) == (span.trace_id.hex(), span.span_id.hex())
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (PARENT, "b7ad6b7169203331")
    assert values(span.attributes)["correlation_id"] == answer.headers["X-Correlation-Id"]
    assert not any(b"canary" in body for body in receiver.raw)


def test_health_checks_make_no_signals(directory: Path, env: dict[str, str], receiver: Receiver) -> None:
    with serving(directory, env | receiver.env) as server:
        for path in ("/health", "/health/live", "/health/ready", "/api/openapi.json"):
            assert "X-Trace-Id" not in server.http.get(path).headers
        server.http.get("/api/me")
        server.terminate()
        assert server.exit_status() == 0
    assert {span.name.rpartition(" ")[2] for span in receiver.spans() if span.kind == 2} == {"/api/me"}


def test_the_ratio_decides_unless_the_caller_has(
    directory: Path, env: dict[str, str], receiver: Receiver
) -> None:
    with serving(directory, env | receiver.env | {"SOCIALIZE_TRACE_SAMPLE_RATIO": "0"}) as server:
        assert len(server.http.get("/api/me").headers["X-Trace-Id"]) == 32
        server.http.get("/api/me", headers=traceparent(sampled=True))
        server.terminate()
        assert server.exit_status() == 0
    assert {span.trace_id.hex() for span in receiver.spans()} == {PARENT}


def test_every_process_has_an_instance_id_of_its_own(
    directory: Path, env: dict[str, str], receiver: Receiver
) -> None:
    settings = env | receiver.env
    with serving(directory, settings), serving(directory, settings):

        def ids() -> set[str]:
            return {resource["service.instance.id"] for resource in receiver.resources()}

        eventually(lambda: len(ids()) == 2, "both have reported")
    assert all(uuid.UUID(each).version == 4 for each in ids())


def test_without_an_endpoint_nothing_is_sent_and_nothing_is_told(own_server: Server) -> None:
    assert "X-Trace-Id" not in own_server.http.get("/api/me").headers
    threads = Path(f"/proc/{own_server.process.pid}/task")
    names = {(task / "comm").read_text().strip() for task in threads.iterdir()}
    assert not any("Otel" in name for name in names)


def test_with_nobody_listening_the_app_works_and_ends_in_time(directory: Path, env: dict[str, str]) -> None:
    nowhere = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    fast = {"OTEL_METRIC_EXPORT_INTERVAL": "200", "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with serving(directory, env | nowhere | fast) as server:
        person = Person(server)
        person.organization()
        server.line("the failure is told", level="error")
        started = time.monotonic()
        server.terminate()
        assert server.exit_status() == 0
    assert time.monotonic() - started < 10


def test_metrics_can_be_scraped_instead(directory: Path, env: dict[str, str], receiver: Receiver) -> None:
    port = free_port()
    scrape = {"SOCIALIZE_METRICS_TRANSPORT": "scrape", "SOCIALIZE_METRICS_PORT": str(port)}
    with serving(directory, env | receiver.env | scrape) as server:
        Person(server).organization()
        text = eventually(lambda: scraped(port, "socialize_queue_depth{"), "the queue has been read")
        server.terminate()
        assert server.exit_status() == 0
    for series in (
        "socialize_organizations_created_total 1.0",
        "socialize_comments_created_total 0.0",
        'socialize_approval_decisions_total{socialize_decision="rejected"} 0.0',
        "http_server_request_duration_seconds_bucket{",
        'db_client_connection_max{db_client_connection_pool_name="main"} 10.0',
        "socialize_worker_heartbeat_age_seconds ",
    ):
        assert series in text, series
    assert "python_" not in text
    assert receiver.spans()  # Traces go their own way.
    assert receiver.metrics("socialize-api") == {}


def scraped(port: int, what: str) -> str:
    text = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
    return text if what in text else ""
