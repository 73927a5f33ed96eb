"""The availability of route groups: how fast their error budget burns.

Burn rates by two windows each (Google, The Site Reliability Workbook, chapter 5): the long one says that it matters,
the short one that it still goes on. The names of recorded series tell windows at `alert_time_scale` 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from preprod.contract import Signal, signals
from preprod.contract.model import Http, RouteGroup
from preprod.contract.signals import HTTP_DURATION
from preprod.render.rules import cases
from preprod.render.rules.promql import first_series, matcher
from preprod.render.rules.rule import Alert, Case, Recording, Rule, Severity, Watched, duration, number


class Burn(NamedTuple):
    """A rate at which a budget is used up."""

    alert: str
    factor: float
    """How many times faster than the budget of 30 days allows."""
    short: int
    long: int
    """Windows in seconds."""
    severity: Severity


BURNS = (
    Burn("HttpErrorBudgetFastBurn", 14.4, 300, 3600, "critical"),
    Burn("HttpErrorBudgetSlowBurn", 6, 1800, 21600, "warning"),
)

ALL_FAIL = 0.99
"""An objective so low that its burn rate would be more than everything still fires when nearly everything fails."""

OBJECTIVE = "route_group:http_server_availability:objective"
"""For those who show it: an objective is a constant, and neither dashboards nor the app read the contract."""
REQUESTS = "route_group:http_server_requests:rate"
ERRORS = "route_group:http_server_errors:ratio_rate"


def rules(watched: Watched) -> dict[str, list[Rule]]:
    """Subject -> recorded rates, then the alerts that read them; nothing for an app without HTTP."""
    http = watched.contract.http
    if not http:
        return {}
    signal = next(signal for signal in signals(watched.contract) if signal.name == HTTP_DURATION)
    fast, *slower = BURNS
    return {
        _subject(fast): [*_objectives(http), *_rules(watched, http, signal, fast)],
        **{_subject(burn): [*_rules(watched, http, signal, burn)] for burn in slower},
    }


def _subject(burn: Burn) -> str:
    return f"slo-{duration(burn.long)}"


def _objectives(http: Http) -> Iterator[Recording]:
    for name, group in http.groups.items():
        labels = {"route_group": name, "job": http.service}
        yield Recording(OBJECTIVE, f"vector({number(group.slo.availability)})", labels)


def _rules(watched: Watched, http: Http, signal: Signal, burn: Burn) -> Iterator[Rule]:
    for name, group in http.groups.items():
        yield from _recordings(watched, http, signal, name, group, burn)
    for name, group in http.groups.items():
        yield _alert(watched, http, signal, name, group, burn)


def by_method(group: RouteGroup) -> dict[str, list[str]]:
    """Method -> its route templates."""
    methods: dict[str, list[str]] = {}
    for route in group.routes:
        method, _, template = route.partition(" ")
        methods.setdefault(method, []).append(template)
    return methods


def rate(metric: str, http: Http, group: RouteGroup, window: float, by: str = "job", more: str = "") -> str:
    """Rate of a group; its methods and routes do not multiply, so each method has its own selector."""
    rates = (
        f"rate({metric}{{{matcher('job', [http.service])},{matcher('http_request_method', [method])},"
        f"{matcher('http_route', routes)}{more}}}[{duration(window)}])"
        for method, routes in by_method(group).items()
    )
    return f"sum by ({by}) ({' or '.join(rates)})"


def _recordings(
    watched: Watched, http: Http, signal: Signal, name: str, group: RouteGroup, burn: Burn
) -> Iterator[Recording]:
    _, _, count = signal.exposed
    labels = {"route_group": name}
    for seconds in (burn.short, burn.long):
        window, nominal = watched.clock.window(seconds), duration(seconds)
        yield Recording(f"{REQUESTS}{nominal}", rate(count, http, group, window), labels)
        errors = rate(count, http, group, window, more=',http_response_status_code=~"5.."')
        every = f'{REQUESTS}{nominal}{{{matcher("job", [http.service])},route_group="{name}"}}'
        # No series of a status before the first of it; no ratio of nothing.
        yield Recording(
            f"{ERRORS}{nominal}", f"({errors} or sum by (job) ({every}) * 0) / (sum by (job) ({every}) > 0)", labels
        )


def _alert(watched: Watched, http: Http, signal: Signal, name: str, group: RouteGroup, burn: Burn) -> Alert:
    job, of = matcher("job", [http.service]), f'route_group="{name}"'
    bound = min(burn.factor * (1 - group.slo.availability), ALL_FAIL)
    window, step = watched.clock.window(burn.long), watched.clock.window(burn.short) / 2
    least = watched.settings.alert_thresholds.events
    long, short = (
        f"{ERRORS}{duration(seconds)}{{{job},{of}}} > {number(bound)}" for seconds in (burn.long, burn.short)
    )
    enough = f"{REQUESTS}{duration(burn.long)}{{{job},{of}}} >= {number(least / window)}"
    return Alert(
        alert=burn.alert,
        expr=f"{long} and {short} and {enough}",
        severity=burn.severity,
        component="app",
        marks={"route_group": name},
        summary=f"{name}: {{{{ $value | humanizePercentage }}}} of the requests fail",
        description=f"The error budget of the route group {name} ({number(group.slo.availability * 100)} % are to "
        f"succeed) burns more than {number(burn.factor)} times faster than it may, in {duration(burn.long)} and still "
        f"in {duration(burn.short)}.",
        dashboard="slo",
        signals=(HTTP_DURATION,),
        step=step,
        cases=tuple(_burning(signal, http, name, bound, window, step, least)),
    )


def _burning(
    signal: Signal, http: Http, name: str, bound: float, window: float, step: float, least: float
) -> Iterator[Case]:
    """Cases for each method; and one of another group."""
    group, at = http.groups[name], 0
    for at, route in enumerate(one_of_each_method(group)):
        bad, below = (mixed(signal, route, share) for share in (min(bound * 1.05, 1), bound * 0.95))
        _, few = cases.too_few(mixed(signal, route, 1), least, window=window, step=step)
        fires, *more = cases.growth(bad, below, window=window, step=step)
        # Two steps are the short window: when it is over, the long one still says that it matters.
        over = max(at for at, count in fires.firing.items() if count) + 4
        made = (replace(fires, firing={**fires.firing, over: 0}), *more, few)
        yield from cases.of_further(made, route.split(" ")[0]) if at else made
    idle = dict.fromkeys(mixed(signal, group.routes[0], 1), 0.0)
    other = next((one for one in http.groups if one != name), None)
    bad = mixed(signal, http.groups[other].routes[0], 1) if other else {}
    yield cases.never(f"idle, and {other or 'nothing'} bad", {**idle, **bad}, window=window, step=step)


def one_of_each_method(group: RouteGroup) -> list[str]:
    """The first route of each method: each has a selector of its own."""
    return [f"{method} {routes[0]}" for method, routes in by_method(group).items()]


def mixed(signal: Signal, operation: str, failing: float) -> dict[str, float]:
    """Growth of the requests of a route, a share of them failing."""
    _, _, count = signal.exposed
    method, _, route = operation.partition(" ")
    of = {"http.request.method": method, "http.route": route}
    return {
        first_series(signal, count, {**of, "http.response.status_code": status}): share * 10000
        for status, share in (("200", 1 - failing), ("500", failing))
    }
