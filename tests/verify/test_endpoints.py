"""Health, errors and headers, as they come out of Caddy."""

from __future__ import annotations

import uuid

import pytest
import requests

from verify.nouns.api import CORRELATION_HEADER, Api, expected
from verify.nouns.deployment import Deployment

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


def security_headers(answer: requests.Response) -> dict[str, str | None]:
    return {name: answer.headers.get(name) for name in SECURITY_HEADERS}


def telling(answer: requests.Response) -> list[str]:
    """Headers that tell what serves."""
    return [name for name in ("Server", "X-Powered-By") if name in answer.headers]


def test_the_app_is_alive(api: Api) -> None:
    assert expected(api.get("/health/live"), 200) == {"state": "ok"}, f"/health/live of {api}"


def test_the_app_is_ready_and_every_check_is_ok(api: Api) -> None:
    body = expected(api.get("/health/ready"), 200)
    assert body["state"] == "ok", f"/health/ready of {api}"
    assert {"database", "migrations"} <= body["checks"].keys(), f"/health/ready of {api} lacks a check"
    for name, check in body["checks"].items():
        assert check["state"] == "ok", f"check {name} of {api} should be ok: {check}"
        assert 0 < check["latency_ms"] < 5000, f"check {name} of {api} should tell a latency in ms: {check}"


def test_the_app_tells_what_it_is(api: Api, deployment: Deployment) -> None:
    body = expected(api.get("/health"), 200)
    told = (body["state"], body["environment"], body["version"])
    wanted = ("ok", deployment.environment, deployment.services["api"].version)
    assert told == wanted, f"/health of {api}: state, environment and version"


def test_an_unknown_path_gets_the_uniform_error(api: Api) -> None:
    answer = api.get(f"/{uuid.uuid4().hex}")
    body = expected(answer, 404)
    assert body["error"].keys() == {"code", "message"}, f"the error of {api} should have a code and a message"
    assert body["error"]["code"] == "not_found"
    assert body["correlation_id"] == answer.headers[CORRELATION_HEADER], f"{api}: one id in body and header"


@pytest.mark.parametrize("path", ["/health/live", "/no-such-path", "/api/me"])
def test_every_answer_has_the_security_headers_and_tells_no_server(api: Api, path: str) -> None:
    answer = api.get(path)
    assert security_headers(answer) == SECURITY_HEADERS, f"security headers of {path} of {api}"
    assert telling(answer) == [], f"{path} of {api} should not tell what serves it"


def test_what_caddy_refuses_looks_like_an_error_of_the_app(api: Api) -> None:
    # Only the announcement goes out, and Caddy does not wait for what it announces.
    answer = api.request("POST", "/api/auth/login", headers={"Content-Length": "10000001"})
    body = expected(answer, 413)
    assert body["error"]["code"] == "payload_too_large", f"an over-long body sent to {api}"
    assert body["correlation_id"] == answer.headers[CORRELATION_HEADER], f"{api}: one id in body and header"
    assert security_headers(answer) == SECURITY_HEADERS, f"security headers of what Caddy itself answers at {api}"
    assert telling(answer) == [], f"what Caddy itself answers at {api} should not tell what serves it"


def test_a_correlation_id_comes_back(api: Api) -> None:
    given = f"verify-{uuid.uuid4().hex}"
    answer = api.get("/health/live", headers={CORRELATION_HEADER: given})
    assert answer.headers.get(CORRELATION_HEADER) == given, f"{api} should give back the correlation id it was sent"


def test_an_unusable_correlation_id_is_replaced(api: Api) -> None:
    given = "not usable; " + "x" * 80
    answer = api.get("/health/live", headers={CORRELATION_HEADER: given})
    got = answer.headers.get(CORRELATION_HEADER, "")
    assert got, f"{api} should give an answer a correlation id"
    assert got != given, f"{api} should replace a correlation id that is too long and has blanks"


@pytest.mark.parametrize("path", ["/api/me", "/api/organizations"])
def test_nobody_gets_in_without_a_token(api: Api, path: str) -> None:
    error = expected(api.get(path), 401)["error"]
    assert error["code"] == "unauthorized", f"{path} of {api} without a token"
