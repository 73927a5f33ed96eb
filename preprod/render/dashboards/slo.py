"""Are the objectives met, how much error budget is left, and what fires."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.models import units

from preprod.contract import signals
from preprod.contract.model import Http
from preprod.contract.signals import HTTP_DURATION
from preprod.render.dashboards.panels import RANGE, RATE, Board, Limits, Panel, Row, lines, number, table
from preprod.render.dashboards.routes import rate
from preprod.render.rules import slo
from preprod.render.rules.promql import matcher
from preprod.render.rules.rule import Watched, duration
from preprod.render.rules.rule import number as written

BUDGET_DAYS = 30
"""The time that an error budget is for; less where metrics are not kept that long."""

NEARLY_SPENT = 0.25


def board(watched: Watched) -> Board:
    """Uid ``slo``."""
    http = watched.contract.http
    rows = [*_objectives(watched, http)] if http else []
    alerts = Row("Alerts", tuple(_alerts(watched)))
    return Board("slo", "Objectives and alerts", "Are the objectives met, and what needs attention?", (alerts, *rows))


def _alerts(watched: Watched) -> Iterator[Panel]:
    firing = 'ALERTS{alertstate="firing"}'
    yield table(
        "Firing alerts",
        "What fires now; Watchdog always does, and alerting is broken when it does not.",
        f"sum by (alertname, severity, component, owner) ({firing})",
    )
    yield lines(
        "Alerts by severity",
        "How many fired at a time: Watchdog is one of those for information.",
        (f"count by (severity) ({firing})", "{{severity}}"),
    )
    if "alertmanager" not in watched.components:
        return
    for what, how in (("notifications", "sent"), ("notifications_failed", "that failed")):
        metric = f'alertmanager_{what}_total{{job="alertmanager"}}'
        yield lines(
            f"Notifications {how}",
            f"Notifications {how} in an hour, by receiver's kind.",
            (f"sum by (integration) (increase({metric}[1h]))", "{{integration}}"),
            limits=None if how == "sent" else Limits(1),
        )


def _objectives(watched: Watched, http: Http) -> Iterator[Row]:
    yield Row("Error budget", (*_budgets(watched, http), *_burns(watched, http)))
    yield Row("Answered in time", tuple(_in_time(watched, http)))


def _of(http: Http, recorded: str, group: str) -> str:
    return f'{recorded}{{{matcher("job", [http.service])},route_group="{group}"}}'


def _failed(http: Http, group: str, over: str) -> str:
    """Share of the requests that failed, each minute weighed by how many there were."""
    requests, errors = (_of(http, f"{name}5m", group) for name in (slo.REQUESTS, slo.ERRORS))
    return f"sum_over_time(({errors} * {requests})[{over}:1m]) / (sum_over_time({requests}[{over}:1m]) > 0)"


def _budgets(watched: Watched, http: Http) -> Iterator[Panel]:
    days = min(BUDGET_DAYS, watched.settings.retention.metrics_days)
    for name, group in http.groups.items():
        objective = group.slo.availability
        failed = _failed(http, name, f"{days}d")
        yield number(
            f"Budget left: {name}",
            f"Of the {written((1 - objective) * 100)} % of the requests that may fail in {days} days, "
            "what has not been used up.",
            (f"1 - {failed} / {written(1 - objective)}", ""),
            unit=units.PercentUnit,
            limits=Limits(0, NEARLY_SPENT, low=True),
            empty="no requests",
        )
    for name, group in http.groups.items():
        yield number(
            f"Available: {name}",
            f"Share of the requests in the time shown that did not fail; {written(group.slo.availability * 100)} % "
            "is the objective.",
            (f"1 - {_failed(http, name, RANGE)}", ""),
            unit=units.PercentUnit,
            limits=Limits(group.slo.availability, low=True),
            empty="no requests",
        )


def _burns(watched: Watched, http: Http) -> Iterator[Panel]:
    for alert, factor, short, long, severity in slo.BURNS:
        for seconds in (long, short):
            window = duration(seconds)
            asked = (
                (f"{_of(http, f'{slo.ERRORS}{window}', name)} / {written(1 - group.slo.availability)}", name)
                for name, group in http.groups.items()
            )
            yield lines(
                f"Burn rate over {window}",
                f"How many times faster than allowed the budget is spent; {alert} ({severity}) fires when both of its "
                f"windows are above {written(factor)}.",
                *asked,
                limits=Limits(factor),
            )


def _in_time(watched: Watched, http: Http) -> Iterator[Panel]:
    signal = next(signal for signal in signals(watched.contract) if signal.name == HTTP_DURATION)
    bucket, _, count = signal.exposed
    for name, group in http.groups.items():
        wanted = group.slo.latency
        # A whole number of seconds is written with or without a fraction, by the way in which metrics came.
        bound = f",{matcher('le', [written(wanted.seconds), str(float(wanted.seconds))])}"
        fast = rate(bucket, http, group, RATE, more=bound)
        yield lines(
            f"In time: {name}",
            f"Share of the requests answered within {written(wanted.seconds)} s, of which "
            f"{written(wanted.quantile * 100)} % are to be.",
            (f"{fast} / ({rate(count, http, group, RATE)} > 0)", name),
            unit=units.PercentUnit,
            limits=Limits(wanted.quantile, low=True),
            floor=None,
            empty="no requests",
        )
