"""The app's operations page, as an administrator sees it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from verify.nouns.api import Api, expected
from verify.nouns.container import Container
from verify.nouns.person import Person, forgotten
from verify.nouns.program import Program

DOCUMENT = "/api/admin/ops"
PAGE = "/admin/ops"

LONGEST_SECONDS = 900
"""Longer than any test has the role: a run beside this one keeps its own."""


class Operations:
    """The page and its document. The administrator is made as the documentation says, and is none afterwards."""

    def __init__(self, api: Api, app: Container) -> None:
        """
        :param app: where the command that gives the role runs.
        """
        self._app = app
        self.administrator = Person(api)

    def grant(self) -> None:
        """Whom a killed run has left the role loses it first.

        :raises RuntimeError: the command fails.
        """
        for email in forgotten(self._app.output("socialize", "admin", "list").split(), LONGEST_SECONDS):
            self._app.output("socialize", "admin", "revoke", email)
        self._app.output("socialize", "admin", "grant", self.administrator.email)

    def revoke(self) -> None:
        """
        :raises RuntimeError: the command fails.
        """
        self._app.output("socialize", "admin", "revoke", self.administrator.email)

    @property
    def document(self) -> dict[str, Any]:
        """
        :raises UnexpectedAnswer: it is refused.
        """
        return expected(self.administrator.get(DOCUMENT), 200)

    @property
    def page(self) -> requests.Response:
        """What a browser gets that has logged in on the page."""
        return self.administrator.browse(PAGE)

    @property
    def firing(self) -> list[str]:
        """Names of the alerts that the document lists."""
        return [alert["name"] for alert in self.document["alerts"]["firing"]]


class PostedAlert:
    """An alert that is sent to Alertmanager and not to Prometheus; it ends by itself."""

    def __init__(self, alertmanager: Program, summary: str) -> None:
        self._alertmanager = alertmanager
        self.name = f"Verification{uuid.uuid4().hex[:8]}"
        self._summary = summary
        self._begun = datetime.now(UTC)

    def fire(self) -> None:
        """
        :raises UnexpectedAnswer: Alertmanager does not take it.
        """
        self._send(datetime.now(UTC) + timedelta(minutes=5))

    def resolve(self) -> None:
        """
        :raises UnexpectedAnswer: Alertmanager does not take it.
        """
        self._send(datetime.now(UTC))

    def _send(self, end: datetime) -> None:
        # Nobody shall be told of a trial: receivers ask for severities, and none can ask for this one.
        alert = {
            "labels": {"alertname": self.name, "severity": "none"},
            "annotations": {"summary": self._summary},
            "startsAt": self._begun.isoformat(),
            "endsAt": end.isoformat(),
        }
        answer = self._alertmanager.request("POST", "/api/v2/alerts", json=[alert])
        assert answer.status_code == 200, (
            f"{self._alertmanager} took no alert: {answer.status_code} {answer.text[:200]}"
        )
