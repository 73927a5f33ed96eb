"""The objectives of route groups: how fast their error budget burns, and how fast they answer.

Burn rates by two windows each (Google, The Site Reliability Workbook, chapter 5): the long one says that it matters,
the short one that it still goes on. The names of recorded series tell windows at `alert_time_scale` 1.
"""

from __future__ import annotations

from collections.abc import Iterator

from preprod.contract import Signal, signals
from preprod.contract.model import Http, RouteGroup
from preprod.contract.signals import HTTP_DURATION
from preprod.render.rules import cases
from preprod.render.rules.app import buckets
from preprod.render.rules.promql import first_series, matcher
from preprod.render.rules.rule import Alert, Recording, Rule, Severity, Watched, duration, number

BURNS: tuple[tuple[str, float, int, int, Severity], ...] = (
    ("HttpErrorBudgetFastBurn", 14.4, 300, 3600, "critical"),
    ("HttpErrorBudgetSlowBurn", 6, 1800, 21600, "warning"),
)
"""Alert, how many times faster than the budget of 30 days allows, short and long window in seconds, severity."""

ALL_FAIL = 0.99
"""An objective so low that its burn rate would be more than everything still fires when nearly everything fails."""

RATIO_WINDOW, LATENCY_WINDOW, ROUTE_WINDOW, HOLD = 300, 600, 1800, 300
OBJECTIVE = "route_group:http_server_availability:objective"
"""For those who show it: an objective is a constant, and neither dashboards nor the app read the contract."""
REQUESTS = "route_group:http_server_requests:rate"
ERRORS = "route_group:http_server_errors:ratio_rate"


def rules(watched: Watched) -> list[Rule]:
    """Recorded rates first, then the alerts that read them; nothing for an app without HTTP."""
    http = watched.contract.http
    if not http:
        return []
    signal = next(signal for signal in signals(watched.contract) if signal.name == HTTP_DURATION)
    made: list[Rule] = [_ratio(watched, http, signal)]
    for name, group in http.groups.items():
        made += _recordings(watched, http, signal, name, group)
    for name, group in http.groups.items():
        made += _burns(watched, http, signal, name, group)
        made += _latency(watched, http, signal, name, group)
    return made


def _by_method(group: RouteGroup) -> dict[str, list[str]]:
    methods: dict[str, list[str]] = {}
    for route in group.routes:
        method, _, template = route.partition(" ")
        methods.setdefault(method, []).append(template)
    return methods


def _rate(metric: str, http: Http, group: RouteGroup, window: float, by: str = "job", more: str = "") -> str:
    """Rate of a group; its methods and routes do not multiply, so each method has its own selector."""
    rates = (
        f"rate({metric}{{{matcher('job', [http.service])},{matcher('http_request_method', [method])},"
        f"{matcher('http_route', routes)}{more}}}[{duration(window)}])"
        for method, routes in _by_method(group).items()
    )
    return f"sum by ({by}) ({' or '.join(rates)})"


def _recordings(watched: Watched, http: Http, signal: Signal, name: str, group: RouteGroup) -> Iterator[Recording]:
    _, _, count = signal.exposed
    labels = {"route_group": name}
    yield Recording(OBJECTIVE, f"vector({number(group.slo.availability)})", labels | {"job": http.service})
    for seconds in sorted(window for _, _, *windows, _ in BURNS for window in windows):
        window, nominal = watched.clock.window(seconds), duration(seconds)
        yield Recording(f"{REQUESTS}{nominal}", _rate(count, http, group, window), labels)
        errors = _rate(count, http, group, window, more=',http_response_status_code=~"5.."')
        every = f'{REQUESTS}{nominal}{{{matcher("job", [http.service])},route_group="{name}"}}'
        # No series of a status before the first of it; no ratio of nothing.
        yield Recording(
            f"{ERRORS}{nominal}", f"({errors} or sum by (job) ({every}) * 0) / (sum by (job) ({every}) > 0)", labels
        )


def _burns(watched: Watched, http: Http, signal: Signal, name: str, group: RouteGroup) -> Iterator[Alert]:
    job = matcher("job", [http.service])
    for alert, factor, short, long, severity in BURNS:
        bound = min(factor * (1 - group.slo.availability), ALL_FAIL)
        ratios = [
            f'{ERRORS}{duration(window)}{{{job},route_group="{name}"}} > {number(bound)}' for window in (long, short)
        ]
        window, step = watched.clock.window(long), watched.clock.window(short) / 2
        least = watched.settings.alert_thresholds.events / window
        enough = f'{REQUESTS}{duration(long)}{{{job},route_group="{name}"}} >= {number(least)}'
        yield Alert(
            alert=alert,
            expr=f"{ratios[0]} and on (job, route_group) {ratios[1]} and on (job, route_group) {enough}",
            severity=severity,
            component="app",
            marks={"route_group": name},
            summary=f"{name}: {{{{ $value | humanizePercentage }}}} of the requests fail",
            description=f"The error budget of the route group {name} ({number(group.slo.availability * 100)} % are to "
            f"succeed) burns more than {number(factor)} times faster than it may, in {duration(long)} and still in "
            f"{duration(short)}.",
            dashboard="slo",
            signals=(HTTP_DURATION,),
            step=step,
            cases=(
                *cases.growth(
                    _mixed(signal, group, min(bound * 1.05, 1)),
                    _mixed(signal, group, bound * 0.95),
                    window=window,
                    step=step,
                ),
                *cases.too_few(_mixed(signal, group, 1), least * window, window=window, step=step),
            ),
        )


def _mixed(signal: Signal, group: RouteGroup, failing: float) -> dict[str, float]:
    """Growth of the requests of a group's first route, a share of them failing."""
    _, _, count = signal.exposed
    method, _, route = group.routes[0].partition(" ")
    of = {"http.request.method": method, "http.route": route}
    return {
        first_series(signal, count, {**of, "http.response.status_code": status}): share * 10000
        for status, share in (("200", 1 - failing), ("500", failing))
    }


def _ratio(watched: Watched, http: Http, signal: Signal) -> Alert:
    _, _, count = signal.exposed
    limits, window = watched.settings.alert_thresholds, watched.clock.window(RATIO_WINDOW)
    share, job = limits.error_percent / 100, matcher("job", [http.service])
    every = f"sum by (job) (increase({count}{{{job}}}[{duration(window)}]))"
    errors = f'sum by (job) (increase({count}{{{job},http_response_status_code=~"5.."}}[{duration(window)}]))'
    hold, step = watched.clock.time(HOLD), watched.clock.time(60)
    first = next(iter(http.groups.values()))
    bad, below = _mixed(signal, first, min(share * 1.05, 1)), _mixed(signal, first, share * 0.95)
    return Alert(
        alert="HttpErrorRatioHigh",
        expr=f"{errors} > {number(share)} * {every} and {every} >= {limits.events}",
        hold=hold,
        severity="critical",
        component="app",
        summary=f"{http.service}: {{{{ $value | humanize }}}} server errors in {duration(window)}",
        description=f"More than {number(limits.error_percent)} % of all requests to {http.service} fail.",
        dashboard="api",
        signals=(HTTP_DURATION,),
        step=step,
        cases=(
            *cases.growth(bad, below, window=window, hold=hold, step=step),
            *cases.too_few(_mixed(signal, first, 1), limits.events, window=window, step=step, hold=hold),
        ),
    )


def _latency(watched: Watched, http: Http, signal: Signal, name: str, group: RouteGroup) -> Iterator[Alert]:
    slo, limits = group.slo.latency, watched.settings.alert_thresholds
    method, _, route = group.routes[0].partition(" ")
    where = {"http.request.method": method, "http.route": route, "http.response.status_code": "200"}
    bad, below = buckets(signal, slo.seconds, slo.quantile, limits.events, upper=True, where=where)
    percent = number(slo.quantile * 100)
    kinds: tuple[tuple[str, str, int, Severity, str], ...] = (
        ("HttpLatencyHigh", "job", LATENCY_WINDOW, "warning", name),
        (
            "HttpRouteSlow",
            "job, http_request_method, http_route",
            ROUTE_WINDOW,
            "info",
            "{{ $labels.http_request_method }} {{ $labels.http_route }}",
        ),
    )
    for alert, by, seconds, severity, what in kinds:
        window, hold = watched.clock.window(seconds), watched.clock.time(HOLD)
        step = window / 10
        quantiles = _rate(signal.exposed[0], http, group, window, f"{by}, le")
        yield Alert(
            alert=alert,
            expr=f"histogram_quantile({number(slo.quantile)}, {quantiles}) > {number(slo.seconds)} and on ({by}) "
            f"{_rate(signal.exposed[2], http, group, window, by)} >= {number(limits.events / window)}",
            hold=hold,
            severity=severity,
            component="app",
            marks={"route_group": name},
            summary=f"{what}: {percent} % take up to {{{{ $value | humanizeDuration }}}}",
            description=f"{percent} % of the requests of the route group {name} are to be answered within "
            f"{number(slo.seconds)} s.",
            dashboard="slo" if alert == "HttpLatencyHigh" else "api",
            signals=(HTTP_DURATION,),
            step=step,
            cases=(
                *cases.growth(bad, below, window=window, hold=hold, step=step),
                *cases.too_few(bad, limits.events, window=window, step=step, hold=hold),
            ),
        )
