"""All requests that fail, and the latency of route groups and of each route."""

from __future__ import annotations

from collections.abc import Iterator

from preprod.contract import Signal, signals
from preprod.contract.model import Http, RouteGroup
from preprod.contract.signals import HTTP_DURATION
from preprod.render.rules import cases
from preprod.render.rules.app import buckets
from preprod.render.rules.promql import matcher
from preprod.render.rules.rule import Alert, Case, Severity, Watched, duration, number
from preprod.render.rules.slo import mixed, one_of_each_method, rate

RATIO_WINDOW, GROUP_WINDOW, ROUTE_WINDOW, HOLD = 300, 600, 1800, 300


def rules(watched: Watched) -> list[Alert]:
    """One of all requests, and two for each route group; nothing for an app without HTTP."""
    http = watched.contract.http
    if not http:
        return []
    signal = next(signal for signal in signals(watched.contract) if signal.name == HTTP_DURATION)
    slow = (alert for name, group in http.groups.items() for alert in _latency(watched, http, signal, name, group))
    return [_ratio(watched, http, signal), *slow]


def _ratio(watched: Watched, http: Http, signal: Signal) -> Alert:
    _, _, count = signal.exposed
    limits, window = watched.settings.alert_thresholds, watched.clock.window(RATIO_WINDOW)
    share, job = limits.error_percent / 100, matcher("job", [http.service])
    every = f"sum by (job) (increase({count}{{{job}}}[{duration(window)}]))"
    errors = f'sum by (job) (increase({count}{{{job},http_response_status_code=~"5.."}}[{duration(window)}]))'
    hold = watched.clock.time(HOLD)
    step = watched.clock.step(window, hold)
    first = next(iter(http.groups.values())).routes[0]
    bad, below = mixed(signal, first, min(share * 1.05, 1)), mixed(signal, first, share * 0.95)
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
            *cases.too_few(mixed(signal, first, 1), limits.events, window=window, step=step, hold=hold),
        ),
    )


def _latency(watched: Watched, http: Http, signal: Signal, name: str, group: RouteGroup) -> Iterator[Alert]:
    slo, limits = group.slo.latency, watched.settings.alert_thresholds
    percent = number(slo.quantile * 100)
    kinds: tuple[tuple[str, str, int, Severity, str], ...] = (
        ("HttpLatencyHigh", "job", GROUP_WINDOW, "warning", name),
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
        step = watched.clock.step(window, hold)
        quantiles = rate(signal.exposed[0], http, group, window, f"{by}, le")
        yield Alert(
            alert=alert,
            expr=f"histogram_quantile({number(slo.quantile)}, {quantiles}) > {number(slo.seconds)} and "
            f"{rate(signal.exposed[2], http, group, window, by)} >= {number(limits.events / window)}",
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
            cases=tuple(_slow(watched, signal, group, window, hold)),
        )


def _slow(watched: Watched, signal: Signal, group: RouteGroup, window: float, hold: float) -> Iterator[Case]:
    """Cases for each method."""
    latency, least = group.slo.latency, watched.settings.alert_thresholds.events
    step = watched.clock.step(window, hold)
    for at, operation in enumerate(one_of_each_method(group)):
        method, _, route = operation.partition(" ")
        where = {"http.request.method": method, "http.route": route, "http.response.status_code": "200"}
        bad, below = buckets(signal, latency.seconds, latency.quantile, least, upper=True, where=where)
        made = (
            *cases.growth(bad, below, window=window, hold=hold, step=step),
            *cases.too_few(bad, least, window=window, step=step, hold=hold),
        )
        yield from cases.of_further(made, method) if at else made
