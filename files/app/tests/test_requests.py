"""Requests that are wrong, and what every answer has in common."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import PASSWORD, Person, new_email
from program import Server, serving
from receiver import points, receiving, values

REGISTER = "/api/auth/register"
JSON = {"Content-Type": "application/json"}


def registration(**changes: object) -> dict[str, object]:
    return {"email": new_email(), "password": PASSWORD, "display_name": "Ann"} | changes


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (registration(password="canary-shrt"), "body.password"),  # noqa: S106
        (registration(password=["canary-in-a-list"]), "body.password"),
        (registration(password="canary" * 100), "body.password"),
        (registration(password="canary-\ud800-surrogate"), "body.password"),  # noqa: S106
        (registration(email="canary-\ud800-surrogate@example.com"), "body.email"),
        (registration(display_name="canary-\ud800-surrogate"), "body.display_name"),
        (registration(email="canary-without-at"), "body.email"),
        (registration(email="canary@exa mple.com"), "body.email"),
        (registration(display_name="canary\0"), "body.display_name"),
        (registration(display_name="canary" * 100), "body.display_name"),
        (registration(display_name="  "), "body.display_name"),
        (registration(**{"canary-field": "canary-value"}), "body"),
        ({"email": new_email(), "display_name": "canary-no-password"}, "body.password"),
        (["canary-list"], "body"),
    ],
)
def test_a_wrong_body_is_422_and_is_not_echoed(server: Server, body: object, where: str) -> None:
    answer = server.http.post(REGISTER, content=_ascii_json(body), headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "validation_failed"
    assert f"{where} " in answer.json()["error"]["message"]
    assert "canary" not in answer.text


@pytest.mark.parametrize("content", [b'{"password": "canary', b"canary", b"\xff\xfe", b""])
def test_a_body_that_is_not_json_is_422_or_400_and_is_not_echoed(server: Server, content: bytes) -> None:
    answer = server.http.post(REGISTER, content=content, headers=JSON)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["code"] in ("bad_request", "validation_failed")
    assert "canary" not in answer.text


def test_a_wrong_id_or_page_is_422_and_is_not_echoed(person: Person) -> None:
    for path in ("/api/organizations/canary-id/workspaces", "/api/organizations?limit=canary"):
        answer = person.http.get(path)
        assert answer.status_code == 422
        assert "canary" not in answer.text
    assert person.http.get("/api/organizations?limit=201").status_code == 422


def test_a_message_says_what_the_rule_is(server: Server) -> None:
    answer = server.http.post(REGISTER, json=registration(password="short"))  # noqa: S106
    assert answer.json()["error"]["message"] == "Not valid: body.password needs at least 12 characters."


def test_unknown_addresses_and_methods_get_the_uniform_error(server: Server) -> None:
    missing = server.http.get("/api/nothing")
    wrong_method = server.http.delete("/api/me")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert (wrong_method.status_code, wrong_method.json()["error"]["code"]) == (405, "method_not_allowed")
    for answer in (missing, wrong_method):
        assert set(answer.json()) == {"error", "correlation_id"}
        assert set(answer.json()["error"]) == {"code", "message"}
        assert answer.json()["correlation_id"] == answer.headers["X-Correlation-Id"]


def test_a_body_over_one_mebibyte_is_413(person: Person) -> None:
    path = f"/api/workspaces/{person.workspace(person.organization())}/content-items"

    def in_chunks() -> Iterator[bytes]:
        yield from (b"x" * 65536 for _ in range(17))

    announced = person.http.post(path, content=b"x" * (1024 * 1024 + 1))
    chunked = person.http.post(path, content=in_chunks(), headers=JSON)
    for answer in (announced, chunked):
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "payload_too_large"
        assert answer.headers["X-Correlation-Id"]


@pytest.mark.parametrize(
    ("path", "kind"), [("/admin/log-in", "application/x-www-form-urlencoded"), (REGISTER, "application/json")]
)
def test_a_client_that_breaks_off_is_499_and_no_failure_of_ours(
    directory: Path, env: dict[str, str], path: str, kind: str
) -> None:
    with receiving() as receiver, serving(directory, env | receiver.env) as server:
        line = server.breaks_off(path, {"Content-Type": kind})
        server.terminate()
        assert server.exit_status() == 0
        (measured,) = points(receiver.metrics("socialize-api")["http.server.request.duration"])
    assert (line["status"], line["route"], line["level"]) == (499, path, "info")
    assert not [other for other in server.lines() if other["level"] == "error"]
    labels = values(measured.attributes)
    assert (labels["http.response.status_code"], "error.type" in labels) == (499, False)


def test_a_long_text_within_the_limit_is_kept_whole(person: Person) -> None:
    path = f"/api/workspaces/{person.workspace(person.organization())}/content-items"
    text = "\u00e4\U0001f600" * 50_000
    assert person.created(path, title="Long", body=text)["body"] == text


def test_a_correlation_id_is_taken_over(server: Server) -> None:
    given = "Order-1.a_" + "x" * 54
    answer = server.http.get("/api/me", headers={"X-Correlation-Id": given})
    assert answer.headers["X-Correlation-Id"] == answer.json()["correlation_id"] == given
    assert server.request_line(given)["status"] == 401


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "<script>", "a@example.com", "\xe4"])
def test_a_wrong_correlation_id_is_replaced(server: Server, given: str) -> None:
    answer = server.http.get("/api/me", headers={b"X-Correlation-Id": given.encode("latin-1")})
    made = answer.headers["X-Correlation-Id"]
    assert made != given
    assert len(made) == 32
    assert server.request_line(made)["route"] == "/api/me"


def test_every_request_gets_an_id_of_its_own(server: Server) -> None:
    ids = {server.http.get("/health/live").headers["X-Correlation-Id"] for _ in range(3)}
    assert len(ids) == 3


def _ascii_json(body: object) -> bytes:
    """JSON with escapes: a lone surrogate can be sent no other way."""
    return json.dumps(body).encode("ascii")
