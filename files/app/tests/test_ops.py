"""The operations page and its document: who sees them, what they tell, and what they never tell."""

import time
from pathlib import Path

import httpx2
import pytest
from administrator import PAGE, browser, promoted
from client import Person
from contract import Contract
from operations import document, fresh, shown
from postgres import Postgres, free_port
from program import Server, eventually, serving
from watchers import GROUPS, WATCHDOG, Watchers, alert

from socialize.ops import queries
from socialize.ops.report import TOO_MANY_WAITING, TOO_OLD_SECONDS
from socialize.ops.watching import FRESH_SECONDS


def test_without_any_watcher_it_says_so_and_shows_the_rest(server: Server) -> None:
    admin = promoted(Person(server))
    report = document(admin)
    assert report["state"] == "unwatched"
    assert report["prometheus"]["state"] == report["alertmanager"]["state"] == "not_configured"
    assert {check["name"]: check["state"] for check in report["checks"]} == {
        "API": "ok", "Database": "ok", "Migrations": "ok", "Queue": "ok",
    }  # fmt: skip
    assert (report["alerts"]["delivered"], report["objectives"], report["dashboards"]) == (None, [], [])
    page = shown(browser(admin))
    assert "Not watched" in page.text
    assert "No Prometheus is configured" in page.text


def test_a_healthy_deployment(admin: Person, pages: httpx2.Client, watchers: Watchers) -> None:
    report = fresh(admin, watchers)
    assert report["state"] == "healthy"
    assert report["alerts"] == {"firing": [], "more": 0, "muted": 0, "delivered": True}
    assert {of["route_group"]: of["state"] for of in report["objectives"]} == dict.fromkeys(GROUPS, "met")
    budgets = {of["route_group"]: round(of["budget_remaining"], 6) for of in report["objectives"]}
    assert budgets == {"auth": 0.8, "read": 0.8, "uploads": 0.9}
    assert report["usage"][0] == {"name": "Log-ins tried", "last_day": 3, "last_week": 21}
    assert len(report["usage"]) == 9
    grafana = "http://127.0.0.1:8080/grafana/d/"
    assert {dashboard["url"].removeprefix(grafana) for dashboard in report["dashboards"]} == {
        "api", "usage", "slo", "jobs", "system", "containers", "postgres", "telemetry", "logs",
    }  # fmt: skip
    page = shown(pages)
    assert "All is well" in page.text
    assert f"{grafana}slo" in [a["href"] for a in page.all("a")]


def test_alerts_and_budgets_are_told_the_worst_first(
    admin: Person, pages: httpx2.Client, watchers: Watchers
) -> None:
    watchers.alerts += [
        alert("RouteSlow", "info", "slow"),
        alert("JobFailures", "warning", "a job failed", "https://runbooks.example/JobFailures.md"),
        alert("TelemetryMissing", "critical", "no metrics", "docs/runbooks/TelemetryMissing.md"),
        alert("Silenced", "critical", state="suppressed"),
    ]
    watchers.values[queries.ERRORS]["read"] = 0.05
    watchers.values[queries.ERRORS_30D] |= {"read": 0.004, "auth": 0.006}
    report = fresh(admin, watchers)
    assert report["state"] == "degraded"
    assert report["summary"] == "2 alerts fire. The error budget is spent: auth."
    assert [(a["name"], a["severity"]) for a in report["alerts"]["firing"]] == [
        ("TelemetryMissing", "critical"), ("JobFailures", "warning"), ("RouteSlow", "info"),
    ]  # fmt: skip
    assert report["alerts"]["muted"] == 1
    assert {of["route_group"]: of["state"] for of in report["objectives"]} == {
        "auth": "spent", "read": "burning", "uploads": "met",
    }  # fmt: skip
    assert round(report["objectives"][0]["budget_remaining"], 6) == -0.2
    page = shown(pages)
    assert "a job failed" in page.text
    # A path of the repository leads nowhere in a browser.
    assert [a["href"] for a in page.all("a") if "unbooks" in str(a["href"])] == [
        "https://runbooks.example/JobFailures.md"
    ]


def test_information_alone_is_no_fault(admin: Person, watchers: Watchers) -> None:
    watchers.alerts.append(alert("RouteSlow", "info"))
    report = fresh(admin, watchers)
    assert (report["state"], len(report["alerts"]["firing"])) == ("healthy", 1)


def test_a_silent_way_of_alerts_is_a_gap(admin: Person, pages: httpx2.Client, watchers: Watchers) -> None:
    watchers.alerts.remove(WATCHDOG)
    report = fresh(admin, watchers)
    assert (report["state"], report["alerts"]["delivered"]) == ("unknown", False)
    assert "The alert that always fires has not come" in shown(pages).text


def test_unreachable_watchers_are_told_calmly(directory: Path, env: dict[str, str]) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    own = {"SOCIALIZE_OPS_PROMETHEUS_URL": nowhere, "SOCIALIZE_OPS_ALERTMANAGER_URL": nowhere}
    with serving(directory, env | own) as server:
        admin = promoted(Person(server))
        report = document(admin)
        assert report["state"] == "unknown"
        assert report["summary"] == (
            "The app itself is well. The watch has a gap: "
            "Prometheus cannot be reached and Alertmanager cannot be reached."
        )
        page = shown(browser(admin))
        assert "Prometheus cannot be reached. What is measured over time is not known here." in page.text
        assert "connected" in page.text
        server.line("it is logged", dependency="monitoring", error_type="connection")
        assert nowhere.removeprefix("http://") not in server.output()


def test_watchers_that_hang_do_not_hold_up_the_page(
    admin: Person, pages: httpx2.Client, watchers: Watchers
) -> None:
    watchers.hanging.set()
    begun = time.monotonic()
    eventually(lambda: "No answer" in pages.get(PAGE).text, "they are asked")
    # Two seconds for an earlier look, two for this one; the rest is for a machine that is busy.
    assert time.monotonic() - begun < 8
    assert admin.http.get("/api/me").status_code == 200


@pytest.mark.parametrize(
    ("status", "body", "detail"),
    [
        (500, b"", "answered with the status 500"),
        (302, b"", "answered with the status 302"),
        (200, b"<html>", "gave an answer that cannot be read"),
        (200, b"[" + b" " * 1024 * 1024 + b"]", "answered with more than can be read"),
    ],
    ids=["error", "redirect", "other", "huge"],
)
def test_a_wrong_answer_of_alertmanager_is_told(
    admin: Person, watchers: Watchers, status: int, body: bytes, detail: str
) -> None:
    watchers.broken["/api/v2/alerts"] = (status, body)
    report = fresh(admin, watchers)
    assert report["alertmanager"] == {"state": "unreachable", "detail": detail}
    assert (report["state"], report["prometheus"]["state"]) == ("unknown", "answers")


def test_one_question_without_an_answer_hides_no_other(admin: Person, watchers: Watchers) -> None:
    watchers.broken[queries.ERRORS_30D] = (503, b"query timed out")
    report = fresh(admin, watchers)
    assert report["prometheus"] == {
        "state": "answers_partly",
        "detail": "answered with the status 503 to 1 of 5 questions",
    }
    assert {of["budget_remaining"] for of in report["objectives"]} == {None}
    assert report["usage"]


def test_many_pages_cost_the_watchers_one_look(admin: Person, watchers: Watchers) -> None:
    fresh(admin, watchers)
    begun = time.monotonic()
    for _ in range(10):
        document(admin)
    assert watchers.asked.count("/api/v2/alerts") <= 2 + (time.monotonic() - begun) // FRESH_SECONDS


def test_more_alerts_than_anybody_reads_are_counted(
    admin: Person, pages: httpx2.Client, watchers: Watchers
) -> None:
    watchers.alerts += [alert(f"A{n}", "warning") for n in range(60)]
    alerts = fresh(admin, watchers)["alerts"]
    assert (len(alerts["firing"]), alerts["more"]) == (50, 10)
    assert "And 10 more." in shown(pages).text


def test_a_late_queue_is_a_fault(admin: Person, postgres: Postgres, own_database: str) -> None:
    with postgres.connect(own_database) as connection:
        connection.execute(
            "INSERT INTO jobs (id, kind, payload, visible_at) "
            "VALUES (gen_random_uuid(), 'clean_up', '{}', now() - interval '10 minutes')"
        )
        report = document(admin)
        connection.execute("DELETE FROM jobs")
    assert report["state"] == "degraded"
    assert report["queue"]["waiting"] == 1
    assert report["queue"]["oldest_due_seconds"] >= 600
    assert "Queue: 1 waiting, 0 running, 0 given up; the oldest has been due for 6" in report["summary"]


def test_a_lost_worker_is_a_fault(directory: Path, env: dict[str, str]) -> None:
    with serving(directory, env | {"SOCIALIZE_WORKER_EXPECTED": "true"}) as server:
        report = document(promoted(Person(server)))
    assert report["state"] == "degraded"
    assert report["summary"] == "Worker: no worker has ever reported."


def test_it_links_to_the_dashboards_that_there_are(directory: Path, env: dict[str, str]) -> None:
    grafana = "http://grafana.example"
    own = {"SOCIALIZE_OPS_GRAFANA_URL": f"{grafana}/", "SOCIALIZE_OPS_DASHBOARDS": "system,api,unknown"}
    with serving(directory, env | own) as server:
        report = document(promoted(Person(server)))
    assert [of["url"] for of in report["dashboards"]] == [f"{grafana}/d/api", f"{grafana}/d/system"]


def test_what_it_asks_and_expects_is_in_the_contract() -> None:
    document = Contract().document
    usage = {name for name, counter in document["counters"].items() if counter["kind"] == "usage"}
    assert set(queries.USAGE) == usage
    gauges = document["gauges"]
    assert gauges["socialize.queue.depth"]["expect"]["at_most"] == TOO_MANY_WAITING
    assert gauges["socialize.queue.oldest_age"]["expect"]["at_most"] == TOO_OLD_SECONDS
