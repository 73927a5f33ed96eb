"""Telemetry as operators set it: off, on, sampled, scraped, to one address or to several."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from client import Person
from postgres import free_port
from program import Server, eventually, serving
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from receiver import Receiver, points, receiving, values

API, DURATION = "socialize-api", "http.server.request.duration"
CUMULATIVE = 2
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


def test_metrics_alone_go_to_an_address_of_their_own_and_no_span_is_kept(
    directory: Path, env: dict[str, str], receiver: Receiver
) -> None:
    path = "/api/v1/otlp/v1/metrics"
    own = {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": receiver.endpoint + path}
    with serving(directory, env | own) as server:
        for headers, expected in ((traceparent(sampled=True), PARENT), ({}, "[0-9a-f]{32}")):
            answer = server.http.get("/api/me", headers=headers)
            line = server.request_line(answer.headers["X-Correlation-Id"])
            assert re.fullmatch(expected, answer.headers["X-Trace-Id"])
            assert line["trace_id"] == answer.headers["X-Trace-Id"]
        server.terminate()
        assert server.exit_status() == 0
    assert set(receiver.paths) == {path}
    assert [point.count for point in points(receiver.metrics(API)[DURATION])] == [2]
    assert receiver.exemplars(API, DURATION) == []  # They would point at traces that nobody has.


def test_an_address_of_its_own_is_stronger_than_the_base(
    directory: Path, env: dict[str, str], receiver: Receiver
) -> None:
    with receiving() as other:
        own = {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{other.endpoint}/deep/v1/metrics"}
        with serving(directory, env | receiver.env | own) as server:
            trace = server.http.get("/api/me").headers["X-Trace-Id"]
            server.terminate()
            assert server.exit_status() == 0
        assert set(receiver.paths) == {"/v1/traces"}
        assert set(other.paths) == {"/deep/v1/metrics"}
        assert {exemplar.trace_id.hex() for exemplar in other.exemplars(API, DURATION)} == {trace}
        sent = other.metrics(API)
    for name in (DURATION, "socialize.login.attempts", "http.server.active_requests"):
        kind = getattr(sent[name], str(sent[name].WhichOneof("data")))
        assert kind.aggregation_temporality == CUMULATIVE, name


def test_metrics_can_be_scraped_and_traces_pushed(
    directory: Path, env: dict[str, str], receiver: Receiver
) -> None:
    port = free_port()
    own = {
        "SOCIALIZE_METRICS_TRANSPORT": "scrape",
        "SOCIALIZE_METRICS_PORT": str(port),
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{receiver.endpoint}/v1/traces",
    }
    with serving(directory, env | own) as server:
        Person(server).organization()
        eventually(lambda: "socialize_queue_oldest_age_seconds" in scraped(port), "the queue has been read")
        samples = scraped(port)
        server.terminate()
        assert server.exit_status() == 0
    assert {
        "socialize_organizations_created_total": 1.0,
        "socialize_comments_created_total": 0.0,
        'socialize_approval_decisions_total{socialize_decision="rejected"}': 0.0,
        'db_client_connection_max{db_client_connection_pool_name="main"}': 10.0,
    }.items() <= samples.items()
    assert any(name.startswith("http_server_request_duration_seconds_bucket{") for name in samples)
    assert "socialize_worker_heartbeat_age_seconds" in samples
    assert not any(name.startswith("python_") for name in samples)
    assert set(receiver.paths) == {"/v1/traces"}


def scraped(port: int) -> dict[str, float]:
    """Every sample, asked for as Prometheus does."""
    accept = {"Accept": "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5"}
    answer = httpx2.get(f"http://127.0.0.1:{port}/metrics", headers=accept)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert list(text_string_to_metric_families(answer.text))  # type: ignore[no-untyped-call]
    lines = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}
