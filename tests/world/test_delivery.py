"""Real faults in a world: by webhook and by mail come exactly the messages that they call for, and that they are over.

Windows and times are a hundredth of what they are on a host; the app's own are not.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from harness import wait_for
from load import log_in, reached
from package import ON_ONE, Package, Run
from receiving import Mailbox, Webhook, facing, free_port, mail_server, webhook
from test_overlay import query

pytestmark = ON_ONE

TOLD = 120
"""Seconds within which a fault, or its end, is told."""

ABOUT = ["app", "postgres", "containers", "probes"]
"""What a message may be about: the load of the machine that runs the tests says nothing."""


@dataclass(frozen=True)
class Watched:
    """A deployed world, what its Alertmanager sends, and where its app finds no mail server yet."""

    package: Package
    app: str
    hook: Webhook
    switch: Webhook
    box: Mailbox
    redeployed: Run
    place: tuple[str, int]

    def docker(self, verb: str, service: str) -> None:
        label = f"label=com.docker.compose.service={service}"
        self.package.world.check_output(f"docker {verb} $(docker ps --all --quiet --filter {label})")

    def amtool(self, command: str) -> str:
        found = "$(docker ps --quiet --filter label=com.docker.compose.service=alertmanager)"
        url = "--alertmanager.url http://127.0.0.1:9093"
        return self.package.world.check_output(f"docker exec {found} amtool {url} {command}")

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        token = {"Authorization": f"Bearer {log_in(self.app)}"} if "token" not in body else body.pop("token")
        answer = requests.post(f"{self.app}{path}", json=body, headers=token, timeout=30)
        answer.raise_for_status()
        created: dict[str, Any] = answer.json()
        return created

    def is_told(self, *alerts: str) -> None:
        """Wait until by both ways it has come that these fire."""
        self._wait("firing", alerts)

    def is_over(self, *alerts: str) -> None:
        """Wait until by both ways it has come that these, and no others, fired and are over."""
        self._wait("resolved", alerts)
        assert self.hook.told() == {(status, name) for status in ("firing", "resolved") for name in alerts}
        assert {subject.split()[0] for subject in self.box.subjects()} == {"FIRING", "RESOLVED"}

    def _wait(self, status: str, alerts: tuple[str, ...]) -> None:
        expected = {(status, name) for name in alerts}
        wait_for(lambda: expected <= self.hook.told(), TOLD, f"{expected} to be told")
        wait_for(lambda: self._mails(status) >= len(alerts), TOLD, f"{expected} by mail")

    def _mails(self, status: str) -> int:
        return len({subject for subject in self.box.subjects() if subject.startswith(status.upper())})


@pytest.fixture(scope="module")
def watched(deployed: Package) -> Iterator[Watched]:
    here = facing(deployed.world.address)
    place, alerts_at = (here, free_port(here)), free_port(here)
    with ExitStack() as stack:
        hook, box = stack.enter_context(webhook(here)), stack.enter_context(mail_server(here, alerts_at))
        app, switch = stack.enter_context(reached(deployed.world, 8080)), stack.enter_context(webhook(here))
        secret = {"ALERT_RECEIVER_HOOK": hook.url, "DEAD_MANS_SWITCH_URL": switch.url}
        environment = {f"PREPROD_SECRET_{name}": url for name, url in secret.items()}
        data = settings(here, alerts_at, place[1])
        first = deployed.deploy(environment=environment, **data)
        assert first.code == 0, first.stderr
        redeployed = deployed.deploy(environment=environment, **data, log_level="debug")
        assert redeployed.code == 0, redeployed.stderr
        yield Watched(deployed, app, hook, switch, box, redeployed, place)
        left = deployed.deploy()
        assert left.code == 0, left.stderr


def settings(here: str, alerts_at: int, mail_at: int) -> dict[str, Any]:
    """The overlay with what the faults need, and two receivers; the app's own mail server is not there."""
    taken = {"severities": ["critical", "warning"], "components": ABOUT}
    mail = {"kind": "email", "to": ["ops@example.org"], "mail_from": "preprod@example.org", "security": "none"}
    watchers = ["prometheus", "alertmanager", "engine-proxy", "postgres-exporter", "blackbox-exporter"]
    return {
        "observability": True,
        "observability_components": watchers,
        "metrics_transport": "scrape",
        "scrape_interval": 5,
        "alert_time_scale": 0.01,
        "alert_receivers": {
            "hook": {"kind": "webhook", **taken},
            "mail": {**mail, "smarthost": f"{here}:{alerts_at}", **taken},
        },
        "dead_mans_switch": True,
        # An alert that mutes another one may come one evaluation, and one scrape, after it.
        "alert_grouping": {"wait_seconds": 12, "interval_seconds": 6},
        "smtp_host": here,
        "smtp_port": mail_at,
        "smtp_security": "none",
        "mail_from": "app@example.org",
    }


@pytest.fixture(autouse=True)
def nothing_else_is_told(watched: Watched) -> None:
    watched.hook.posts.clear()
    watched.box.mails.clear()


def test_a_deploy_is_silent_and_its_silence_has_ended(watched: Watched) -> None:
    assert "services" in "".join(watched.redeployed.changed)
    assert watched.amtool("silence query --quiet") == ""
    ended = watched.amtool("silence query --expired --within 1h --created-by preprod")
    assert 'component=~"app|containers|probes|' in ended
    assert 'alertname!="Watchdog"' in ended


def test_the_first_bug_report_after_a_redeploy_is_told(watched: Watched) -> None:
    reports = 'socialize_feedback_reports_total{socialize_feedback_type="bug"}'
    wait_for(lambda: query(watched.package, f"{reports} == 0"), 60, "the new app to be scraped")
    watched.post("/api/feedback", type="bug", message="It does not work.")
    watched.is_told("FeedbackReportsBug")
    watched.is_over("FeedbackReportsBug")
    (subject,) = {subject for subject in watched.box.subjects() if subject.startswith("FIRING")}
    assert subject.startswith("FIRING warning: socialize.feedback.reports of socialize-api: bug (preprod)")
    text = watched.box.text(subject)
    assert "Runbook: docs/runbooks/FeedbackReportsBug.md" in text
    assert "It does not work" not in text


def test_mail_that_is_refused_and_its_failing_job_are_told(watched: Watched) -> None:
    token = {"Authorization": f"Bearer {log_in(watched.app)}"}
    organization = watched.post("/api/organizations", name="Delivery", token=token)
    workspace = watched.post(f"/api/organizations/{organization['id']}/workspaces", name="One", token=token)
    invited = f"{secrets.token_hex(4)}@example.com"
    watched.post(f"/api/workspaces/{workspace['id']}/invites", email=invited, token=token)
    watched.is_told("EmailFailures", "JobFailures")
    with mail_server(*watched.place) as people:
        wait_for(lambda: [mail for mail in people.mails if mail["To"] == invited], TOLD, "the invite to be sent")
        watched.is_over("EmailFailures", "JobFailures")


def test_of_a_stopped_database_one_alert_is_told(watched: Watched) -> None:
    watched.docker("stop", "postgres")
    try:
        watched.is_told("PostgresDown")
        # What follows from it fires as well, and is muted.
        wait_for(lambda: _fires(watched, "ContainerMissing") and _fires(watched, "ProbeFailed"), 60, "what follows")
    finally:
        watched.docker("start", "postgres")
    watched.is_over("PostgresDown")


def test_the_dead_mans_switch_is_called_again_and_again(watched: Watched) -> None:
    before = len(watched.switch.posts)
    wait_for(lambda: len(watched.switch.posts) > before, TOLD, "the next call")
    assert watched.switch.told() == {("firing", "Watchdog")}


def _fires(watched: Watched, alert: str) -> bool:
    return bool(query(watched.package, f'ALERTS{{alertname="{alert}",alertstate="firing"}}'))
