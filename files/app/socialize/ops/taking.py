"""Taking the report: what the app knows itself, and what those know that watch it."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from socialize.about import API, VERSION
from socialize.health import Ready
from socialize.ops.report import Backend, Check, Dashboard, Queue, Report, State
from socialize.ops.sanitize import link
from socialize.ops.watching import Seen
from socialize.queue_signals import read_queue
from socialize.settings import Settings

DASHBOARDS = {
    "api": "API",
    "slo": "Service levels",
    "usage": "Usage",
    "jobs": "Jobs and queue",
    "system": "System",
    "containers": "Containers",
    "postgres": "Postgres",
    "telemetry": "Telemetry",
    "logs": "Logs",
}
"""Grafana's uid of a dashboard, and its title here."""

_NAMES = {
    "database": "Database",
    "migrations": "Migrations",
    "blob_storage": "Blob storage",
    "worker": "Worker",
}


async def take(app: FastAPI, db: AsyncSession) -> Report:
    """The report. The database connection is given back before others are asked: it shall not wait, too."""
    settings: Settings = app.state.settings
    queue = await _queue(db)
    await db.commit()
    ready: Ready = await app.state.readiness.report()
    seen: Seen = await app.state.watchers.look()
    checks = [*_checks(ready), _of_queue(queue)]
    state = _state(checks, seen)
    return Report(
        state=state,
        summary=_summary(state, checks, seen),
        service=API,
        version=VERSION,
        environment=settings.environment,
        taken_at=datetime.now(UTC),
        checks=checks,
        queue=queue,
        prometheus=seen.prometheus,
        alertmanager=seen.alertmanager,
        alerts=seen.alerts,
        objectives=seen.objectives,
        usage=seen.usage,
        dashboards=_dashboards(settings.ops_grafana_url, settings.ops_dashboards.split(",")),
    )


async def _queue(db: AsyncSession) -> Queue:
    reading = await read_queue(db)
    age = time.monotonic() - reading.oldest_due if reading.oldest_due is not None else 0.0
    return Queue(**reading.depth, oldest_due_seconds=max(0.0, age))


def _checks(ready: Ready) -> list[Check]:
    draining = ready.state == "draining"
    api = Check(
        name="API",
        state="degraded" if draining else "ok",
        detail="is about to end" if draining else "serves",
    )
    return [
        api,
        *(
            Check(name=_NAMES.get(name, name), state=check.state, detail=check.detail)
            for name, check in ready.checks.items()
        ),
    ]


def _of_queue(queue: Queue) -> Check:
    detail = f"{queue.waiting} waiting, {queue.running} running, {queue.dead} given up"
    if queue.oldest_due_seconds >= 1:
        detail += f"; the oldest has been due for {queue.oldest_due_seconds:.0f} s"
    return Check(name="Queue", state="degraded" if queue.late else "ok", detail=detail)


def _state(checks: list[Check], seen: Seen) -> State:
    """The worst of what is so now. A budget that was spent earlier is told, and is no fault of now."""
    if any(check.state != "ok" for check in checks) or _bad_alerts(seen):
        return "degraded"
    backends = {seen.prometheus.state, seen.alertmanager.state}
    if backends == {"not_configured"}:
        return "unwatched"
    return "healthy" if backends == {"answers"} and seen.alerts.delivered else "unknown"


def _bad_alerts(seen: Seen) -> int:
    return sum(alert.severity != "info" for alert in seen.alerts.firing)


def _summary(state: State, checks: list[Check], seen: Seen) -> str:
    wrong = [f"{check.name}: {check.detail}." for check in checks if check.state != "ok"]
    if bad := _bad_alerts(seen):
        count = f"At least {bad}" if seen.alerts.more else str(bad)
        wrong.append(f"{count} {'alert fires' if bad == 1 else 'alerts fire'}.")
    own = "The app itself is well"
    said = {
        "degraded": " ".join(wrong),
        "healthy": "The app is well, the watch is complete, and no alert calls for anybody.",
        "unwatched": f"{own}. Nothing watches it: neither Prometheus nor Alertmanager is configured.",
        "unknown": f"{own}. The watch has a gap: {_gap(seen)}.",
    }[state]
    spent = [objective.route_group for objective in seen.objectives if objective.state == "spent"]
    return said + (f" The error budget is spent: {', '.join(spent)}." if spent else "")


def _gap(seen: Seen) -> str:
    backends: dict[str, Backend] = {"Prometheus": seen.prometheus, "Alertmanager": seen.alertmanager}
    gaps = [
        f"{name} {'is ' if of.state == 'not_configured' else ''}{of.detail}"
        for name, of in backends.items()
        if of.state != "answers"
    ]
    return " and ".join(gaps) or "Alertmanager gets no alerts from Prometheus, or not yet"


def _dashboards(base: str | None, there: Sequence[str]) -> list[Dashboard]:
    if not base:
        return []
    made = {title: link(f"{base.rstrip('/')}/d/{uid}") for uid, title in DASHBOARDS.items() if uid in there}
    return [Dashboard(title=title, url=url) for title, url in made.items() if url]
