"""Log lines: complete, uniform, and without anything private."""

import re
from datetime import datetime, timedelta

import pytest
from client import PASSWORD, Person
from postgres import Postgres
from program import Server

ALWAYS = {"timestamp", "level", "service", "version", "environment", "log_type", "correlation_id", "message"}
OF_REQUESTS = {"method", "route", "status", "duration_ms"}
WHERE_KNOWN = {"user_id", "org_id"}
OF_AUDITS = {"event_id", "action", "object_type", "object_id"}
OF_FAILURES = {"exception_type", "exception_stacktrace"}


def use_every_endpoint(server: Server) -> Person:
    """Send canaries to every endpoint, in bodies, paths, queries and headers, in right and wrong requests."""
    person = Person(server)
    organization = person.organization()
    workspace = person.workspace(organization)
    items = f"/api/workspaces/{workspace}/content-items"
    person.created(items, title="canary-title", body="canary-body")
    for path in ("/api/me", "/api/organizations", f"/api/organizations/{organization}/workspaces", items):
        person.http.get(path, params={"token": "canary-query"}, headers={"Cookie": "canary-cookie"})
        person.http.post(path, json={"canary-field": "canary-value"})
        person.http.request("CANARYMETHOD", path)
    for path in (
        "/health",
        "/health/live",
        "/health/ready",
        "/canary-path",
        "/api/organizations/canary/workspaces",
    ):
        person.http.get(path, params={"password": "canary-query"}, headers={"User-Agent": "canary-agent"})
    person.log_in(password="canary-wrong-password")  # noqa: S106
    duplicate = {"email": person.email, "password": PASSWORD, "display_name": "canary-name"}
    assert person.http.post("/api/auth/register", json=duplicate).status_code == 409
    person.http.post("/api/auth/register", content=b'{"password": "canary-broken')
    person.http.post("/api/auth/logout")
    return person


def test_nothing_private_is_in_any_line(own_server: Server, postgres: Postgres, database: str) -> None:
    person = use_every_endpoint(own_server)
    with postgres.connect(database) as connection:
        connection.execute("DROP TABLE sessions, memberships, content_items CASCADE")
    for _ in range(2):
        assert person.log_in().status_code == 500
        assert person.http.get("/api/me").status_code == 500
    last = person.http.get("/health/live", headers={"X-Correlation-Id": "the-end"})
    own_server.request_line(last.headers["X-Correlation-Id"])

    output = own_server.output().lower()
    assert "canary" not in output
    assert person.token.lower() not in output
    assert len(own_server.lines()) > 30


def test_every_line_has_the_fields_and_no_others(own_server: Server) -> None:
    Person(own_server)
    own_server.terminate()
    assert own_server.exit_status() == 0
    lines = own_server.lines()
    assert {"request", "app", "audit"} == {line["log_type"] for line in lines}
    assert any("Uvicorn running" in line["message"] for line in lines)
    for line in lines:
        assert ALWAYS <= set(line) <= ALWAYS | WHERE_KNOWN | OF_REQUESTS | OF_AUDITS | OF_FAILURES
        assert (line["service"], line["environment"]) == ("socialize-api", "test")
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)


def test_a_request_line_tells_the_route_and_not_the_path(server: Server, person: Person) -> None:
    organization = person.organization()
    answer = person.http.get(f"/api/organizations/{organization}/workspaces?limit=3")
    line = server.request_line(answer.headers["X-Correlation-Id"])
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["route"] == "/api/organizations/{organization_id}/workspaces"
    assert 0 < line["duration_ms"] < 10_000
    assert line["org_id"] == organization
    assert organization not in str({field: line[field] for field in line if field != "org_id"})


@pytest.mark.parametrize(("method", "shown"), [("GET", "GET"), ("SECRETMETHOD", "_OTHER")])
def test_an_unknown_path_and_method_are_not_in_the_line(server: Server, method: str, shown: str) -> None:
    answer = server.http.request(method, "/secret/path")
    line = server.request_line(answer.headers["X-Correlation-Id"])
    assert (line["method"], line["route"]) == (shown, "unmatched")


def test_an_unhandled_exception_is_logged_without_values(
    own_server: Server, postgres: Postgres, database: str
) -> None:
    person = Person(own_server)
    with postgres.connect(database) as connection:
        connection.execute("ALTER TABLE organizations RENAME TO gone")
    answer = person.http.post("/api/organizations", json={"name": "secret-name"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    correlation_id = answer.headers["X-Correlation-Id"]
    assert own_server.request_line(correlation_id)["level"] == "error"
    of_request = [line for line in own_server.lines() if line["correlation_id"] == correlation_id]
    failure = next(line for line in of_request if "exception_type" in line)
    assert failure["exception_type"] == "sqlalchemy.exc.ProgrammingError"
    assert "psycopg.errors.UndefinedTable" in failure["exception_stacktrace"]
    assert re.search(r"organizations\.py:\d+ in create_organization", failure["exception_stacktrace"])
    assert "secret-name" not in own_server.output()
    assert "INSERT" not in own_server.output()
