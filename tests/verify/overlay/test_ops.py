"""The operations page says what the host's own Prometheus and Alertmanager say, to administrators alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from preprod.contract import Contract
from verify.nouns.api import Api
from verify.nouns.case import FROM_HOST
from verify.nouns.compose import Compose
from verify.nouns.logs import ARRIVAL_SECONDS, Logs
from verify.nouns.operations import DOCUMENT, PAGE, Operations, PostedAlert
from verify.nouns.person import Person
from verify.nouns.program import Program
from verify.nouns.waiting import eventually

pytestmark = [pytest.mark.needs("observability"), pytest.mark.needs("alertmanager")]

FRESH_SECONDS = 15
"""The app keeps what it has been told for two; the rest is for a small host under load."""
WATCHDOG_SECONDS = 400
"""A new deployment's first samples, and the window of the alert that always fires."""
HOSTILE = "<script>alert(1)</script> verify@example.com"


@pytest.fixture
def operations(entrance: Callable[[str], Api], compose: Compose) -> Iterator[Operations]:
    operations = Operations(entrance(FROM_HOST), compose.container("api"))
    operations.grant()
    yield operations
    operations.revoke()
    assert operations.administrator.get(DOCUMENT).status_code == 403


@pytest.fixture
def posted(programs: Callable[[str], Program]) -> Iterator[PostedAlert]:
    alert = PostedAlert(programs("alertmanager"), HOSTILE)
    alert.fire()
    yield alert
    alert.resolve()


def test_nobody_but_an_administrator_sees_it(entrance: Callable[[str], Api]) -> None:
    api = entrance(FROM_HOST)
    somebody = Person(api)
    assert [somebody.get(path).status_code for path in (DOCUMENT, PAGE)] == [403, 401]
    assert [api.get(path).status_code for path in (DOCUMENT, PAGE)] == [401, 401]


def test_who_was_given_the_role_stands_in_the_apps_log(operations: Operations, logs: Logs) -> None:
    """Although the command runs beside the app: what Alloy collects is the log of the container's first process."""
    whom = operations.administrator.get("/api/me").json()["id"]

    def told() -> list[str]:
        return [line for line in logs.lines if whom in line and '"role.granted"' in line]

    eventually(told, ARRIVAL_SECONDS)
    assert len(told()) == 1, "the audit line of the grant should be in the log of the app once"


def test_it_has_asked_both(operations: Operations) -> None:
    report = operations.document
    assert (report["prometheus"]["state"], report["alertmanager"]["state"]) == ("answers", "answers")
    assert eventually(lambda: operations.document["alerts"]["delivered"], WATCHDOG_SECONDS), "Watchdog has come"


def test_its_state_is_what_alerts_and_checks_make_it(operations: Operations) -> None:
    eventually(lambda: operations.document["alerts"]["delivered"], WATCHDOG_SECONDS)
    report = operations.document
    wrong = [check for check in report["checks"] if check["state"] != "ok"]
    bad = [alert for alert in report["alerts"]["firing"] if alert["severity"] != "info"]
    assert wrong == []
    assert report["state"] == ("degraded" if bad else "healthy"), f"{bad}"
    assert {"API", "Database", "Migrations", "Worker", "Queue"} <= {check["name"] for check in report["checks"]}


def test_it_tells_the_objectives_of_the_contract(operations: Operations, contract: Contract, patience: float) -> None:
    assert contract.http
    promised = {name: group.slo.availability for name, group in contract.http.groups.items()}

    def told() -> dict[str, float]:
        return {of["route_group"]: of["objective"] for of in operations.document["objectives"]}

    eventually(lambda: told() == promised, patience)
    assert told() == promised


def test_it_tells_the_usage_counters_of_the_contract(
    operations: Operations, contract: Contract, patience: float
) -> None:
    counted = sum(counter.kind == "usage" for counter in contract.counters.values())
    eventually(lambda: len(operations.document["usage"]) == counted, patience)
    assert len(operations.document["usage"]) == counted


def test_an_alert_appears_as_text_and_goes(operations: Operations, posted: PostedAlert) -> None:
    assert eventually(lambda: posted.name in operations.firing, FRESH_SECONDS), f"{posted.name} on the page"
    page = operations.page
    assert page.status_code == 200
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert posted.name in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; [removed]" in page.text
    assert "<script" not in page.text
    posted.resolve()
    assert eventually(lambda: posted.name not in operations.firing, FRESH_SECONDS), f"{posted.name} is gone"
