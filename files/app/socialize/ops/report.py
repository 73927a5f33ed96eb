"""What the operations page tells, as a document."""

from datetime import datetime
from typing import Literal

from pydantic import computed_field

from socialize.schemas import Response

State = Literal["healthy", "degraded", "unknown", "unwatched"]
Severity = Literal["critical", "warning", "info", "other"]

TOO_MANY_WAITING = 100
"""Jobs; as the telemetry contract expects of `socialize.queue.depth`, which the tests hold this against."""
TOO_OLD_SECONDS = 300
"""As the telemetry contract expects of `socialize.queue.oldest_age`."""


class Check(Response):
    """One part of the app, as it sees itself."""

    name: str
    state: Literal["ok", "degraded", "failed"]
    detail: str


class Queue(Response):
    """The background jobs, read from the database."""

    waiting: int
    running: int
    dead: int
    """Given up, and kept."""
    oldest_due_seconds: float
    """Since the oldest waiting job was due; 0 when none is."""

    @property
    def late(self) -> bool:
        """Whether jobs wait for longer, or in greater number, than is expected."""
        return self.waiting > TOO_MANY_WAITING or self.oldest_due_seconds > TOO_OLD_SECONDS


class Backend(Response):
    """One of the two programs that watch."""

    state: Literal["answers", "answers_partly", "unreachable", "not_configured"]
    detail: str


class Objective(Response):
    """What is promised of a group of routes, and what became of it."""

    route_group: str
    objective: float
    """Share of the requests that are to succeed."""
    succeeded: float | None
    """Share that did in the last hour; None when there was none."""
    burn_rate: float | None
    """How many times faster than allowed the error budget goes, in the last hour."""
    budget_remaining: float | None
    """Share of the error budget of 30 days that is left, below 0 when more than all is spent; None when there
    was no request."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def state(self) -> Literal["met", "burning", "spent", "quiet"]:
        if self.budget_remaining is not None and self.budget_remaining <= 0:
            return "spent"
        if self.burn_rate is not None and self.burn_rate > 1:
            return "burning"
        return "quiet" if self.budget_remaining is None and self.burn_rate is None else "met"


class Alert(Response):
    """An alert that fires."""

    name: str
    severity: Severity
    summary: str
    since: datetime
    runbook: str | None
    """Address of what to do: http, https, or a path of this origin."""


class Alerts(Response):
    """What fires, the worst first."""

    firing: list[Alert]
    more: int
    """That fire besides and are not listed."""
    muted: int
    """That fire and are silenced or follow from another."""
    delivered: bool | None
    """Whether the alert that always fires has come, so that others would; None when nobody could be asked."""


class Usage(Response):
    """How often something was done."""

    name: str
    last_day: int
    last_week: int


class Dashboard(Response):
    """Where Grafana shows more."""

    title: str
    url: str


class Report(Response):
    """How the deployment is: what the app knows itself, and what those know that watch it."""

    state: State
    summary: str
    """The state in a sentence or two."""
    service: str
    version: str
    environment: str
    taken_at: datetime
    checks: list[Check]
    queue: Queue
    prometheus: Backend
    alertmanager: Backend
    alerts: Alerts
    objectives: list[Objective]
    usage: list[Usage]
    dashboards: list[Dashboard]
