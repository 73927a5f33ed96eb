"""Whatever is sent to any endpoint of the API's own description, none of it gets into telemetry."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from administrator import COOKIE, promoted
from bucket import storing
from client import PASSWORD, Person
from contract import Contract
from hypothesis import HealthCheck, Phase, given, settings
from mailserver import receiving as receiving_mail
from postgres import Postgres
from program import Server, Worker, serving, working
from receiver import Receiver, receiving
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CANARY = "Canary7f3b"
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CHOICES = ("approved", "rejected", "bug", "idea", "admin", "member", "LCP", "INP", "CLS")
EXAMPLES = 5
"""Requests per endpoint of the kind that follows its description, and as many that do not."""

_numbers = itertools.count()
Case = schemathesis.Case[Any]
Operation = schemathesis.APIOperation[Any, Any, Any, Any]


@dataclass
class Watched:
    """A server and a worker with everything switched on, and where their telemetry goes."""

    server: Server
    worker: Worker
    receiver: Receiver
    person: Person
    ids: dict[str, str]

    def emitted(self) -> str:
        """All that has left the two processes: log lines, spans, metrics."""
        sent = b"".join(self.receiver.raw).decode("latin-1")
        return (self.server.output() + self.worker.output() + sent).lower()


@pytest.fixture(scope="module")
def watched(
    tmp_path_factory: pytest.TempPathFactory, base_env: dict[str, str], postgres: Postgres, migrated: str
) -> Iterator[Watched]:
    place = tmp_path_factory.mktemp("privacy")
    (place / "invite-key").write_text("canary-invite-key")
    database = postgres.create_database(migrated)
    with receiving() as receiver, receiving_mail() as mailbox, storing(place) as bucket:
        own = {
            "SOCIALIZE_DB_NAME": database,
            "SOCIALIZE_INVITE_KEY_FILE": str(place / "invite-key"),
            "SOCIALIZE_INVITE_LIMIT_PER_HOUR": "1000",
        }
        env = base_env | own | mailbox.env | bucket.env | receiver.env
        with serving(place, env) as server, working(place, env) as worker:
            person = promoted(Person(server))
            yield Watched(server, worker, receiver, person, things_of(person))


def things_of(person: Person) -> dict[str, str]:
    """Something for every id in a path, so that requests get past it."""
    organization = person.organization()
    workspace = person.workspace(organization)
    item = person.created(f"/api/workspaces/{workspace}/content-items", title=CANARY)["id"]
    headers = {"Content-Disposition": f"attachment; filename={CANARY}"}
    upload = person.http.post(f"/api/workspaces/{workspace}/uploads", content=b"x", headers=headers)
    return {
        "organization_id": organization,
        "workspace_id": workspace,
        "content_item_id": item,
        "upload_id": upload.json()["id"],
    }


def marked(value: Any) -> Any:
    """The value with a canary in every text of it."""
    if isinstance(value, dict):
        return {key: marked(part) for key, part in value.items()}
    if isinstance(value, list):
        return [marked(part) for part in value]
    if value in CHOICES:
        return value
    if isinstance(value, str) and "@" in value:
        return f"{CANARY}{next(_numbers)}@example.com"
    return f"{CANARY} {value}"[:150] if isinstance(value, str) else value


def prepared(case: Case, watched: Watched, *, right: bool) -> None:
    """Put canaries everywhere, and, where the request shall succeed, ids of things that are there."""
    if right:
        case.path_parameters = {name: watched.ids[name] for name in case.path_parameters or {}}
    if case.operation.path == "/api/workspaces/{workspace_id}/uploads":
        case.headers["Content-Disposition"] = f"attachment; filename={CANARY}"
        case.body = CANARY.encode()
    elif isinstance(case.body, dict | list):
        case.body = marked(case.body)
    case.query = dict(case.query or {}) | {"token": CANARY}


def use(operation: Operation, watched: Watched, *, right: bool) -> set[int]:
    """Send requests to one endpoint; the answers must be as it is described. Returns their statuses."""
    mode = schemathesis.GenerationMode.POSITIVE if right else schemathesis.GenerationMode.NEGATIVE
    token = watched.person.log_in().json()["token"]
    headers = {
        "Authorization": f"Bearer {token}",
        "Cookie": f"session={CANARY}; {COOKIE}={token}",
        "User-Agent": CANARY,
        "Referer": f"https://example.com/{CANARY}",
        "tracestate": f"{CANARY.lower()}=1",
        "baggage": f"user={CANARY}",
    }
    statuses = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Case) -> None:
        prepared(case, watched, right=right)
        url = f"http://127.0.0.1:{watched.server.port}"
        answer = case.call(base_url=url, headers=headers)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    send()
    return statuses


# A log-in of nobody, and a token that nobody has.
NEVER_RIGHT = {"POST /api/auth/login", "POST /admin/log-in", "POST /api/invites/accept"}


def test_nothing_that_is_sent_gets_into_telemetry(watched: Watched) -> None:
    document = watched.server.http.get("/api/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    found = list(schema.get_all_operations())
    operations = [each.ok() for each in found if isinstance(each, Ok)]
    assert len(operations) == len(found)
    for operation in operations:
        right = use(operation, watched, right=True)
        assert operation.label in NEVER_RIGHT or any(status < 400 for status in right), operation.label
        if operation.body or operation.path_parameters or operation.query:
            use(operation, watched, right=False)
    observed = {op.label for op in operations if not op.path.startswith("/health")}
    assert observed == Contract().operations()

    for process in (watched.server, watched.worker):
        process.terminate()
        assert process.exit_status() == 0
    emitted = watched.emitted()
    assert len(watched.receiver.spans()) > 100
    for private in ("canary", PASSWORD, watched.person.token, watched.person.email):
        assert private.lower() not in emitted


def test_the_canaries_would_be_found(watched: Watched) -> None:
    """The search works: what may be told is found by it."""
    assert json.dumps("request served").strip('"') in watched.emitted()
    assert "http.route" in watched.emitted()
