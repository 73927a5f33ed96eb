"""Does the API serve, how fast, and what stands in its way: the golden signals."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.models import units

from preprod.contract import Signal, signals
from preprod.contract.model import Http, RouteGroup
from preprod.contract.signals import HTTP_DURATION
from preprod.observability import SECONDS_PER_DAY
from preprod.paths import PROJECT
from preprod.render.dashboards.panels import RANGE, RATE, Board, Limits, Panel, Row, lines, number, table
from preprod.render.dashboards.routes import rate
from preprod.render.dashboards.signals import rows as signal_rows
from preprod.render.rules import slo
from preprod.render.rules.promql import matcher
from preprod.render.rules.rule import Watched

QUANTILES = (0.5, 0.95, 0.99)
WORST = 10
"""Routes in a list of the worst."""

_ROUTE = "http_request_method, http_route"
_TOLD = "{{http_request_method}} {{http_route}}"


def board(watched: Watched) -> Board:
    """Uid ``api``."""
    rows = [*_http(watched)] if watched.contract.http else []
    rows += _seen(watched)
    return Board(
        "api",
        "API",
        f"Does {watched.contract.application} serve, how fast, and what stands in its way?",
        (*rows, *signal_rows(watched, "api"), *_containers(watched)),
    )


def _http(watched: Watched) -> Iterator[Row]:
    http = watched.contract.http
    assert http
    signal = next(signal for signal in signals(watched.contract) if signal.name == HTTP_DURATION)
    yield Row("Requests", (*_figures(watched, http, signal), *_rates(watched, http, signal), _refused(http, signal)))
    groups = (_latency(http, signal, name, group) for name, group in http.groups.items())
    yield Row("Time to answer", (*groups, *_slow(http, signal)))


def _figures(watched: Watched, http: Http, signal: Signal) -> Iterator[Panel]:
    job, count = matcher("job", [http.service]), signal.exposed[2]
    yield number(
        "Processes",
        f"Processes of {http.service} that send metrics.",
        (f"count(count by (instance) (target_info{{{job}}}))", ""),
        limits=Limits(1, low=True),
        empty="0",
    )
    yield number(
        "Requests a second",
        "All requests that are observed, as an average of five minutes.",
        (f"sum({slo.REQUESTS}5m{{{job}}})", ""),
        unit=units.RequestsPerSecond,
    )
    every = f"sum(rate({count}{{{job}}}[{RANGE}]))"
    errors = f'sum(rate({count}{{{job},http_response_status_code=~"5.."}}[{RANGE}]))'
    yield number(
        "Server errors",
        "Share of all requests in the time shown that ended in a status of 500 and above.",
        (f"({errors} or {every} * 0) / ({every} > 0)", ""),
        unit=units.PercentUnit,
        limits=Limits(watched.settings.alert_thresholds.error_percent / 100),
        empty="no requests",
    )


def _rates(watched: Watched, http: Http, signal: Signal) -> Iterator[Panel]:
    job, count = matcher("job", [http.service]), signal.exposed[2]
    yield lines(
        "Requests by route group",
        "How much each group of routes is used.",
        (f"{slo.REQUESTS}5m{{{job}}}", "{{route_group}}"),
        unit=units.RequestsPerSecond,
        stacked=True,
    )
    yield lines(
        "Answers by status",
        "How requests end.",
        (f"sum by (http_response_status_code) (rate({count}{{{job}}}[{RATE}]))", "{{http_response_status_code}}"),
        unit=units.RequestsPerSecond,
        stacked=True,
    )
    yield lines(
        "Server errors by route group",
        "Share of the requests to each group that ended in a status of 500 and above, in five minutes.",
        (f"{slo.ERRORS}5m{{{job}}}", "{{route_group}}"),
        unit=units.PercentUnit,
        limits=Limits(watched.settings.alert_thresholds.error_percent / 100),
    )


def _refused(http: Http, signal: Signal) -> Panel:
    refused = f'{signal.exposed[2]}{{{matcher("job", [http.service])},http_response_status_code=~"[45].."}}'
    return lines(
        "Refused and failed by route",
        f"The {WORST} combinations of route and status from 400 that come most often.",
        (
            f"topk({WORST}, sum by ({_ROUTE}, http_response_status_code) (rate({refused}[{RATE}])))",
            f"{_TOLD}: {{{{http_response_status_code}}}}",
        ),
        unit=units.RequestsPerSecond,
        empty="none",
    )


def _latency(http: Http, signal: Signal, name: str, group: RouteGroup) -> Panel:
    bucket, wanted = signal.exposed[0], group.slo.latency
    shares = sorted({*QUANTILES, wanted.quantile})
    asked = (
        (f"histogram_quantile({share:g}, {rate(bucket, http, group, RATE, 'le')})", f"p{share * 100:g}")
        for share in shares
    )
    return lines(
        f"Route group {name}",
        f"{group.description.rstrip('.')}: {wanted.quantile * 100:g} % are to be answered within {wanted.seconds:g} s.",
        *asked,
        unit=units.Seconds,
        limits=Limits(wanted.seconds),
        empty="no requests",
    )


def _slow(http: Http, signal: Signal) -> Iterator[Panel]:
    job = matcher("job", [http.service])
    bucket, total, _ = signal.exposed
    yield table(
        "Slow routes",
        f"The {WORST} routes whose slowest 5 % took longest, in the time shown.",
        f"topk({WORST}, histogram_quantile(0.95, sum by ({_ROUTE}, le) (rate({bucket}{{{job}}}[{RANGE}]))))",
        unit=units.Seconds,
    )
    yield lines(
        "Where the time goes",
        f"Seconds spent in each second on the {WORST} routes that take most of it, all their requests together.",
        (f"topk({WORST}, sum by ({_ROUTE}) (rate({total}{{{job}}}[{RATE}])))", _TOLD),
        unit=units.Short,
    )


def _seen(watched: Watched) -> Iterator[Row]:
    if "blackbox-exporter" not in watched.components:
        return
    jobs = matcher("job", ["probe-http", "probe-tcp"])
    longest = Limits(watched.settings.alert_thresholds.probe_seconds)
    made = [
        lines(
            "Probes that succeed",
            "1 where the probe was answered as it should be: what a user would see.",
            (f"probe_success{{{jobs}}}", "{{probe}} {{job}}"),
            limits=Limits(1, low=True),
        ),
        lines(
            "Time of the probes",
            "Time that the simplest of all requests takes.",
            (f"probe_duration_seconds{{{jobs}}}", "{{probe}} {{job}}"),
            unit=units.Seconds,
            limits=longest,
        ),
    ]
    if watched.settings.domain:
        made.append(_certificate(watched))
    yield Row("As users see it", tuple(made))


def _certificate(watched: Watched) -> Panel:
    limits = watched.settings.alert_thresholds
    return lines(
        "Life of the certificate",
        "Time until the certificate that users are shown ends; Caddy renews it a month before.",
        ('probe_ssl_earliest_cert_expiry{job="probe-http"} - time()', "{{probe}}"),
        unit=units.DurationSeconds,
        limits=Limits(limits.certificate_last_days * SECONDS_PER_DAY, limits.certificate_days * SECONDS_PER_DAY, True),
    )


def _containers(watched: Watched) -> Iterator[Row]:
    if "engine-proxy" not in watched.components:
        return
    limits = watched.settings.alert_thresholds
    ours = f'job="engine-proxy",project="{PROJECT}",service=~"api|worker"'
    quota = f"(container_spec_cpu_quota{{{ours}}} / container_spec_cpu_period{{{ours}}})"
    memory = f"container_memory_working_set_bytes{{{ours}}} / (container_spec_memory_limit_bytes{{{ours}}} > 0)"
    yield Row(
        "Saturation of its containers",
        (
            lines(
                "CPU of the app, of its limit",
                "Share of the processor time that the app's containers may use.",
                (f"rate(container_cpu_usage_seconds_total{{{ours}}}[{RATE}]) / {quota}", "{{name}}"),
                unit=units.PercentUnit,
                limits=Limits(1),
            ),
            lines(
                "Memory of the app, of its limit",
                "Share of the memory that the app's containers may use.",
                (memory, "{{name}}"),
                unit=units.PercentUnit,
                limits=Limits(limits.container_memory_percent / 100),
            ),
        ),
    )
