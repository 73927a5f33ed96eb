"""The app under its workflows emits exactly what its telemetry contract lists."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from administrator import PAGE, browser, promoted
from bucket import Bucket, storing
from client import ATTACHMENT, Person, create_all, invited_person, new_email
from contract import Contract
from mailserver import Mailbox
from mailserver import receiving as receiving_mail
from postgres import Postgres
from program import Server, Worker, eventually, serving, working
from receiver import ERROR, KINDS, Receiver, points, receiving, values
from watchers import Watchers, watching

API, WORKER = "socialize-api", "socialize-worker"
DURATION = "http.server.request.duration"
GO_DOWN_AGAIN = {"socialize.queue.depth", "db.client.connection.count"}
TYPES = {"string": (str,), "integer": (int,), "number": (int, float)}
CORRELATION = "the-invite"


@dataclass
class Run:
    """All workflows have been gone through, right ones and wrong ones; this is what came out."""

    receiver: Receiver
    lines: list[dict[str, Any]]
    zeros: dict[str, dict[str, set[frozenset[tuple[str, str]]]]]
    invite_trace: str


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract()


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, base_env: dict[str, str], postgres: Postgres, migrated: str
) -> Iterator[Run]:
    place = tmp_path_factory.mktemp("contract")
    (place / "invite-key").write_text("canary-invite-key")
    database = postgres.create_database(migrated)
    with (
        receiving() as receiver,
        receiving_mail() as mailbox,
        storing(place) as bucket,
        watching() as watchers,
    ):
        own = {
            "SOCIALIZE_DB_NAME": database,
            "SOCIALIZE_INVITE_KEY_FILE": str(place / "invite-key"),
            "SOCIALIZE_WORKER_MAX_ATTEMPTS": "2",
        }
        env = base_env | own | mailbox.env | bucket.env | receiver.env | watchers.env
        with serving(place, env) as server, working(place, env) as worker:
            zeros = {service: at_start(receiver, service) for service in (API, WORKER)}
            trace = workflows(server, worker, mailbox, bucket, watchers, postgres, database)
            for process in (server, worker):
                process.terminate()
                assert process.exit_status() == 0
            lines = [line for process in (server, worker) for line in process.lines()]
        yield Run(receiver, lines, zeros, trace)


def at_start(receiver: Receiver, service: str) -> dict[str, set[frozenset[tuple[str, str]]]]:
    """The counters that a service exports before anything has happened, all at zero."""
    metrics = eventually(lambda: receiver.metrics(service), f"the first metrics of {service}")
    return {
        name: {frozenset(values(point.attributes).items()) for point in points(metric)}
        for name, metric in metrics.items()
        if metric.HasField("sum") and metric.sum.is_monotonic
    }


def workflows(
    server: Server,
    worker: Worker,
    mailbox: Mailbox,
    bucket: Bucket,
    watchers: Watchers,
    postgres: Postgres,
    database: str,
) -> str:
    """Do everything that the app can do; returns the trace id of the request that made an invite."""
    person = Person(server)
    invite = invited_person(person, mailbox, {"X-Correlation-Id": CORRELATION})
    worker.line("the job is done", message="job done", job="send_invite")
    create_all(person)
    look_at_operations(person, watchers)
    send_wrong_requests(person)
    fail_to_send(person, worker, mailbox)
    eventually(lambda: server.http.get("/health/ready").status_code == 200, "ready")
    break_storage(person, bucket)
    with postgres.connect(database) as connection:
        connection.execute("DROP TABLE feedback_reports")
        assert person.http.post("/api/feedback", json={"type": "bug", "message": "x"}).status_code == 500
    assert person.http.post("/api/auth/logout").status_code == 204
    return str(invite.headers["X-Trace-Id"])


def look_at_operations(person: Person, watchers: Watchers) -> None:
    admin = promoted(person)
    pages = browser(admin)
    assert pages.get(PAGE).status_code == admin.http.get("/api/admin/ops").status_code == 200
    assert "/api/v2/alerts" in watchers.asked
    assert pages.post("/admin/log-out").status_code == 303


def send_wrong_requests(person: Person) -> None:
    person.log_in(password="wrong-password-1")  # noqa: S106
    assert person.http.get("/api/me", headers={"Authorization": "Bearer x"}).status_code == 401
    assert person.http.get("/nowhere").status_code == 404
    assert person.http.delete("/api/me").status_code == 405
    assert person.http.request("CANARY", "/api/me").status_code == 405
    assert person.http.post("/api/feedback", json={}).status_code == 422


def fail_to_send(person: Person, worker: Worker, mailbox: Mailbox) -> None:
    mailbox.answer = "550 never"
    workspace = person.workspace(person.organization())
    person.created(f"/api/workspaces/{workspace}/invites", email=new_email())
    line = worker.line("it is given up", message="job is a dead letter")
    assert (line["error_type"], line["dependency"], len(line["trace_id"])) == ("rejected", "smtp", 32)
    worker.line("a clean-up", message="job done", job="clean_up")


def break_storage(person: Person, bucket: Bucket) -> None:
    workspace = person.workspace(person.organization())
    path = f"/api/workspaces/{workspace}/uploads"
    bucket.server.stop()
    assert person.http.post(path, content=b"x", headers=ATTACHMENT).status_code == 503


@pytest.mark.parametrize("service", [API, WORKER])
def test_the_metrics_are_those_of_the_contract(run: Run, contract: Contract, service: str) -> None:
    listed = set(contract.metrics(service)) | ({DURATION} if service == API else set())
    assert set(run.receiver.metrics(service)) == listed


@pytest.mark.parametrize("service", [API, WORKER])
def test_types_texts_units_and_buckets_are_those_of_the_contract(
    run: Run, contract: Contract, service: str
) -> None:
    emitted = run.receiver.metrics(service)
    for name, listed in contract.metrics(service).items():
        metric = emitted[name]
        assert (metric.unit, metric.description) == (listed["unit"], listed["description"]), name
        kind = metric.WhichOneof("data")
        if listed["type"] == "counters":
            assert (kind, metric.sum.is_monotonic) == ("sum", True), name
        elif listed["type"] == "gauges":
            assert kind == "gauge" or not metric.sum.is_monotonic, name
        else:
            assert list(points(metric)[0].explicit_bounds) == listed["buckets"], name


@pytest.mark.parametrize("service", [API, WORKER])
def test_labels_have_the_values_of_the_contract(run: Run, contract: Contract, service: str) -> None:
    emitted = run.receiver.metrics(service)
    for name, listed in contract.metrics(service).items():
        allowed = contract.combinations(listed)
        assert {frozenset(values(p.attributes).items()) for p in points(emitted[name])} <= allowed, name


@pytest.mark.parametrize("service", [API, WORKER])
def test_every_counter_is_there_from_the_start(run: Run, contract: Contract, service: str) -> None:
    listed = {
        name: contract.combinations(metric)
        for name, metric in contract.metrics(service).items()
        if metric["type"] == "counters"
    }
    assert run.zeros[service] == listed


@pytest.mark.parametrize(
    ("name", "service", "labels"),
    [
        ("socialize.login.attempts", API, {}),
        ("socialize.login.successes", API, {}),
        ("socialize.organizations.created", API, {}),
        ("socialize.workspaces.created", API, {}),
        ("socialize.content_items.created", API, {}),
        ("socialize.comments.created", API, {}),
        ("socialize.approval.decisions", API, {"socialize__decision": "rejected"}),
        ("socialize.feedback.reports", API, {"socialize__feedback__type": "idea"}),
        ("socialize.invites.created", API, {}),
        ("socialize.authentication.failures", API, {"error__type": "bad_credentials"}),
        ("socialize.authentication.failures", API, {"error__type": "invalid_session"}),
        ("socialize.blob.failures", API, {"socialize__blob__operation": "put", "error__type": "connection"}),
        ("socialize.outbound_http.failures", API, {"error__type": "connection"}),
        ("socialize.jobs.enqueued", API, {"socialize__job__name": "send_invite"}),
        ("socialize.jobs.enqueued", WORKER, {"socialize__job__name": "clean_up"}),
        ("socialize.email.failures", WORKER, {"error__type": "rejected"}),
        ("socialize.job.failures", WORKER, {"socialize__job__outcome": "dead"}),
        ("socialize.queue.depth", API, {"socialize__queue__state": "waiting"}),
        ("socialize.worker.heartbeat_age", API, {}),
        ("db.client.connection.count", WORKER, {"db__client__connection__state": "idle"}),
        ("db.client.connection.max", API, {}),
    ],
)
def test_what_happened_was_counted(run: Run, name: str, service: str, labels: dict[str, str]) -> None:
    value = run.receiver.value(service, name, **labels)
    assert value is not None
    assert value > 0 or name in GO_DOWN_AGAIN


def test_every_operation_was_measured_and_no_other(run: Run, contract: Contract) -> None:
    measured = [values(point.attributes) for point in points(run.receiver.metrics(API)[DURATION])]
    matched = {f"{m['http.request.method']} {m['http.route']}" for m in measured if "http.route" in m}
    assert matched == contract.operations()
    for labels in measured:
        assert labels["http.response.status_code"] in contract.document["http"]["statuses"]
        assert ("error.type" in labels) == (labels["http.response.status_code"] >= 500)


def test_every_span_is_of_a_kind_in_the_contract_and_every_kind_was_seen(
    run: Run, contract: Contract
) -> None:
    kinds = contract.span_kinds()
    seen = set()
    for service in (API, WORKER):
        for span in run.receiver.spans(service):
            carried = set(values(span.attributes))
            fitting = [
                kind
                for kind in kinds
                if re.fullmatch(kind.pattern, span.name)
                and kind.kind == KINDS[span.kind]
                and service in kind.services
                and carried <= kind.attributes
            ]
            assert fitting, (service, span.name, carried)
            assert any(len(span.links) == kind.link for kind in fitting), span.name
            assert not span.events
            assert not span.status.message
            assert not span.trace_state
            seen |= {kind for kind in fitting if len(span.links) == kind.link}
    assert seen == set(kinds)


def test_failures_are_on_the_spans(run: Run) -> None:
    failed = {
        (span.name.split(" /")[0], values(span.attributes)["error.type"])
        for span in run.receiver.spans()
        if span.status.code == ERROR
    }
    assert {("POST", "500"), ("POST", "503"), ("smtp send", "rejected"), ("PUT", "connection")} <= failed
    assert any(name.startswith("INSERT test_") and error == "42P01" for name, error in failed)
    assert ("process socialize.jobs", "rejected") in failed


def test_a_job_is_linked_to_the_request_that_queued_it(run: Run) -> None:
    of_request = [span for span in run.receiver.spans(API) if span.trace_id.hex() == run.invite_trace]
    send = next(span for span in of_request if span.name == "send socialize.jobs")
    process = next(
        span for span in run.receiver.spans(WORKER) if span.links and span.links[0].span_id == send.span_id
    )
    assert process.links[0].trace_id == send.trace_id != process.trace_id
    assert values(process.attributes)["correlation_id"] == CORRELATION
    children = {span.name for span in run.receiver.spans(WORKER) if span.parent_span_id == process.span_id}
    assert "smtp send" in children
    logged = [line for line in run.lines if line.get("trace_id") == process.trace_id.hex()]
    assert {line["correlation_id"] for line in logged} == {CORRELATION}


@pytest.mark.parametrize(("service", "name"), [(API, DURATION), (WORKER, "socialize.job.duration")])
def test_histograms_point_at_traces(run: Run, service: str, name: str) -> None:
    traces = {span.trace_id for span in run.receiver.spans(service)}
    exemplars = {exemplar.trace_id for exemplar in run.receiver.exemplars(service, name)}
    assert exemplars
    assert exemplars <= traces


def test_resources_are_those_of_the_contract(run: Run, contract: Contract) -> None:
    resources = run.receiver.resources()
    assert all(set(resource) == set(contract.document["resource"]) for resource in resources)
    ids = {(resource["service.name"], resource["service.instance.id"]) for resource in resources}
    assert sorted(name for name, _ in ids) == [API, WORKER]


def test_log_lines_are_those_of_the_contract(run: Run, contract: Contract) -> None:
    logs = contract.document["logs"]
    required = {name for name, field in logs["fields"].items() if field.get("required")}
    for line in run.lines:
        assert required <= set(line) <= set(logs["fields"])
        for name, value in line.items():
            field = logs["fields"][name]
            assert line["log_type"] in field.get("types", logs["types"]), (name, line)
            assert value in field.get("values", [value])
            assert type(value) in TYPES[field.get("type", "string")], (name, value)
    assert {line["log_type"] for line in run.lines} == set(logs["types"])
    never = set(logs["fields"]) - {name for line in run.lines for name in line}
    assert never == set()
