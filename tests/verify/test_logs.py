"""The app's log: structured, complete, and without anything private."""

from __future__ import annotations

import uuid

import pytest

from verify.nouns.api import CORRELATION_HEADER, Api
from verify.nouns.compose import Compose
from verify.nouns.deployment import Deployment
from verify.nouns.logs import Logs
from verify.nouns.machine import Machine
from verify.nouns.person import Person

RECENT_SECONDS = 60
"""Before the test itself begins, its person has registered and logged in."""


@pytest.mark.usefixtures("person")  # Who registers and logs in: audit lines, written at every level.
def test_every_line_is_structured(logs: Logs) -> None:
    assert logs.lines, "the log of the app should not be empty"
    assert logs.faults == [], "every line of the app's log should be JSON with the required fields"


@pytest.mark.needs("request lines")
def test_a_request_can_be_found_by_its_correlation_id(logs: Logs, person: Person, api: Api) -> None:
    correlation_id = f"verify-{uuid.uuid4().hex}"
    person.try_password("verify-wrong-password", **{CORRELATION_HEADER: correlation_id})
    found = logs.of_request(correlation_id, until="request")
    assert found, f"the log should have a line of the request {correlation_id} to {api}"
    requests = [line for line in found if line["log_type"] == "request"]
    told = [(line["method"], line["route"], line["status"]) for line in requests]
    assert told == [("POST", "/api/auth/login", 401)], f"the log should tell the request {correlation_id} once"
    assert {line["correlation_id"] for line in found} == {correlation_id}


def test_no_log_holds_a_password_a_token_or_an_address(
    person: Person, compose: Compose, logs: Logs, deployment: Deployment, machine: Machine
) -> None:
    since = machine.now - RECENT_SECONDS
    correlation_id = f"verify-{uuid.uuid4().hex}"
    person.created("/api/organizations", name="Verification")
    person.post("/api/auth/register", email=person.email, password="short", display_name="")
    person.try_password("verify-wrong-password", **{CORRELATION_HEADER: correlation_id})
    last = "request" if deployment.logs_requests else "audit"
    assert logs.of_request(correlation_id, until=last), f"the log should have a line of the request {correlation_id}"
    found = {str(container): person.canaries_in(container.log(since=since)) for container in compose.containers}
    assert {where: what for where, what in found.items() if what} == {}, "logs should hold nothing private"
