"""What those know that watch the deployment: asked, judged, and made fit to be shown."""

import asyncio
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from socialize.ops import queries
from socialize.ops.backends import NoAnswer, RawAlert, Sample, ask_alertmanager, ask_prometheus, client
from socialize.ops.report import Alert, Alerts, Backend, Objective, Severity, Usage
from socialize.ops.sanitize import link, text
from socialize.settings import Settings

FRESH_SECONDS = 2.0
MOST_ALERTS = 50
WATCHDOG = "Watchdog"
"""The alert of the package's rules that always fires."""

_SEVERITIES: dict[str, Severity] = {"critical": "critical", "warning": "warning", "info": "info"}
_WORST_FIRST: tuple[Severity, ...] = ("critical", "warning", "other", "info")
_NOT_CONFIGURED = Backend(state="not_configured", detail="not configured")
_REASONS = {
    "timeout": "did not answer in time",
    "connection": "cannot be reached",
    "too_large": "answered with more than can be read",
    "invalid": "gave an answer that cannot be read",
}


@dataclass(frozen=True)
class Seen:
    """What Prometheus and Alertmanager know."""

    prometheus: Backend
    alertmanager: Backend
    objectives: list[Objective]
    usage: list[Usage]
    alerts: Alerts


class Watchers:
    """Prometheus and Alertmanager, as far as they are configured.

    What they say is kept for `FRESH_SECONDS`, so that many pages cost them no more than one.
    """

    def __init__(self, settings: Settings) -> None:
        self._prometheus = settings.ops_prometheus_url
        self._alertmanager = settings.ops_alertmanager_url
        self._http = client()
        self._lock = asyncio.Lock()
        self._seen: Seen | None = None
        self._seen_at = -math.inf

    async def close(self) -> None:
        """Give up the connections."""
        await self._http.aclose()

    async def look(self) -> Seen:
        """Ask both at the same time, unless what they said is fresh; bounded in time, and never a failure."""
        async with self._lock:
            if self._seen is None or time.monotonic() - self._seen_at > FRESH_SECONDS:
                self._seen = _judged(*await asyncio.gather(self._metrics(), self._alerts()))
                self._seen_at = time.monotonic()
            return self._seen

    async def _metrics(self) -> dict[str, list[Sample] | NoAnswer] | None:
        return (
            await ask_prometheus(self._http, self._prometheus, queries.QUERIES) if self._prometheus else None
        )

    async def _alerts(self) -> list[RawAlert] | NoAnswer | None:
        return await ask_alertmanager(self._http, self._alertmanager) if self._alertmanager else None


def _judged(
    metrics: Mapping[str, list[Sample] | NoAnswer] | None, alerts: list[RawAlert] | NoAnswer | None
) -> Seen:
    return Seen(
        prometheus=_backend(list(metrics.values())) if metrics is not None else _NOT_CONFIGURED,
        alertmanager=_backend([alerts]) if alerts is not None else _NOT_CONFIGURED,
        objectives=list(_objectives(metrics or {})),
        usage=list(_usage(metrics or {})),
        alerts=_alerts(alerts if isinstance(alerts, list) else None),
    )


def _backend(answers: list[list[Sample] | NoAnswer] | list[list[RawAlert] | NoAnswer]) -> Backend:
    failures = [answer for answer in answers if isinstance(answer, NoAnswer)]
    if not failures:
        return Backend(state="answers", detail="answers")
    reason = failures[0].error_type
    detail = _REASONS.get(reason) or f"answered with the status {reason}"
    if len(failures) < len(answers):
        return Backend(
            state="answers_partly", detail=f"{detail} to {len(failures)} of {len(answers)} questions"
        )
    return Backend(state="unreachable", detail=detail)


def _by(label: str, samples: list[Sample] | NoAnswer | None) -> dict[str, float]:
    found = samples if isinstance(samples, list) else []
    return {
        sample.metric.get(label, ""): sample.value[1] for sample in found if math.isfinite(sample.value[1])
    }


def _objectives(metrics: Mapping[str, list[Sample] | NoAnswer]) -> Iterable[Objective]:
    promised = _by(queries.GROUP, metrics.get(queries.OBJECTIVE))
    errors = _by(queries.GROUP, metrics.get(queries.ERRORS))
    errors_30d = _by(queries.GROUP, metrics.get(queries.ERRORS_30D))
    for group, objective in sorted(promised.items()):
        allowed, failed, failed_30d = 1 - objective, errors.get(group), errors_30d.get(group)
        if allowed > 0:
            yield Objective(
                route_group=text(group, 60),
                objective=objective,
                succeeded=None if failed is None else 1 - failed,
                burn_rate=None if failed is None else failed / allowed,
                budget_remaining=None if failed_30d is None else 1 - failed_30d / allowed,
            )


def _usage(metrics: Mapping[str, list[Sample] | NoAnswer]) -> Iterable[Usage]:
    day = _by(queries.COUNTER, metrics.get(queries.USAGE_DAY))
    week = _by(queries.COUNTER, metrics.get(queries.USAGE_WEEK))
    for counter, name in queries.USAGE.items():
        if counter in day and counter in week:
            yield Usage(name=name, last_day=round(day[counter]), last_week=round(week[counter]))


def _alerts(raw: list[RawAlert] | None) -> Alerts:
    active = [alert for alert in raw or [] if alert.status.state != "suppressed"]
    told = [_alert(alert) for alert in active if alert.labels.get("alertname") != WATCHDOG]
    told.sort(key=lambda alert: (_WORST_FIRST.index(alert.severity), -alert.since.timestamp()))
    return Alerts(
        firing=told[:MOST_ALERTS],
        more=len(told[MOST_ALERTS:]),
        muted=len(raw or []) - len(active),
        delivered=None if raw is None else any(a.labels.get("alertname") == WATCHDOG for a in raw),
    )


def _alert(raw: RawAlert) -> Alert:
    return Alert(
        name=text(raw.labels.get("alertname", ""), 80) or "without a name",
        severity=_SEVERITIES.get(raw.labels.get("severity", ""), "other"),
        summary=text(raw.annotations.get("summary", ""), 300),
        since=raw.startsAt,
        runbook=link(raw.annotations.get("runbook_url", "")),
    )
