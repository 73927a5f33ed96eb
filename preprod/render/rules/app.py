"""What the contract expects of the app's signals, and that there are any.

A rule for each expectation, named after its signal. Failures of which none is expected fire at the first one, since
every counter is exported at nought before it counts. Use is called quiet only in comparison with what it was before:
a host that nobody uses yet alarms nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from preprod.contract import Signal, signals
from preprod.render.rules import app_counters, cases
from preprod.render.rules.judged import judged, of_jobs
from preprod.render.rules.promql import alert_name, first_series, selector, series
from preprod.render.rules.rule import Alert, Dashboard, Watched, duration, number

HOLD = 300
MISSING, MISSING_HOLD = 300, 300
"""Seconds. A deploy replaces the only worker: what takes less is no loss."""


def rules(watched: Watched) -> list[Alert]:
    """Missing telemetry first, then the expectations in the order of the contract."""
    return [*_missing(watched), *_expectations(watched)]


def _missing(watched: Watched) -> Iterator[Alert]:
    clock = watched.clock
    window, hold = clock.window(MISSING), clock.time(MISSING_HOLD)
    for service in watched.contract.services:
        given = series("target_info", {"job": service})
        yield Alert(
            alert="TelemetryMissing",
            expr=f"absent_over_time({given}[{duration(window)}])",
            hold=hold,
            severity="critical",
            component="app",
            marks={"service": service},
            summary=f"{service} sends no metrics",
            description=f"Nothing came from {service} for {duration(window + hold)}: it is down, or what it sends gets "
            "lost on the way.",
            dashboard="api",
            step=clock.time(60),
            cases=cases.absence(given, window=window, hold=hold, step=clock.time(60)),
        )


def _expectations(watched: Watched) -> Iterator[Alert]:
    by_name = {signal.name: signal for signal in signals(watched.contract)}
    for signal in by_name.values():
        if signal.expect is None:
            continue
        if signal.instrument == "counter":
            yield from app_counters.rules(watched, signal, by_name)
        elif signal.instrument == "histogram":
            yield _quantile(watched, signal)
        elif signal.expect.of:
            yield _share_of_gauge(watched, signal, by_name[signal.expect.of])
        else:
            yield _gauge(watched, signal)


def dashboard(signal: Signal) -> Dashboard:
    """Where one looks for more of a signal."""
    if signal.kind == "usage":
        return "usage"
    return "jobs" if any(part in signal.name for part in ("job", "queue", "task", "worker", "stream")) else "api"


def _quantile(watched: Watched, signal: Signal) -> Alert:
    expect, clock = signal.expect, watched.clock
    assert expect
    assert expect.quantile
    runs = of_jobs(watched, signal)
    # One slow browser is nobody's fault.
    least = 1 if runs else watched.settings.alert_thresholds.events
    of = judged(watched, signal)
    window, hold = of.window, clock.time(HOLD)
    step = clock.step(window, hold)
    count = selector(signal.exposed[2], signal.services)
    bound = expect.at_most if expect.at_most is not None else expect.at_least or 0.0
    sign = ">" if expect.at_most is not None else "<"
    percent = number(expect.quantile * 100)
    bad, below = buckets(signal, bound, expect.quantile, least, upper=sign == ">")
    return Alert(
        alert=alert_name(watched.contract, signal.name, _direction(signal)),
        expr=f"{of.value} {sign} {number(bound)} "
        f"and sum by ({', '.join(of.by)}) (increase({count}[{duration(window)}])) >= {least}",
        hold=hold,
        severity="warning" if signal.kind == "failure" or runs else "info",
        component="app",
        summary=f"{percent} % of {signal.name}: {{{{ $value | humanize }}}}",
        description=f"{signal.description} {percent} % are expected to be "
        f"{'at most' if sign == '>' else 'at least'} {number(bound)}.",
        dashboard=dashboard(signal),
        signals=(signal.name,),
        step=step,
        cases=(
            *cases.growth(bad, below, window=window, hold=hold, step=step),
            *cases.too_few(bad, least, window=window, step=step, hold=hold),
        ),
    )


def buckets(
    signal: Signal, bound: float, quantile: float, least: int, *, upper: bool, where: dict[str, str] | None = None
) -> tuple[dict[str, float], dict[str, float]]:
    """Growth of a histogram whose quantile lies just beyond the bound, and just within."""
    bucket, _, count = signal.exposed
    many = max(1000, least)
    # A quantile beyond the last bound would be told as that bound.
    after = min(upper_bound for upper_bound in signal.buckets if upper_bound > bound)
    beyond, within = quantile - (1 - quantile) / 10, quantile + (1 - quantile) / 10
    if not upper:
        beyond, within = within, beyond

    def grown(share: float) -> dict[str, float]:
        return {
            first_series(signal, bucket, where, le=number(bound)): round(many * share),
            first_series(signal, bucket, where, le=number(after)): many,
            first_series(signal, bucket, where, le="+Inf"): many,
            first_series(signal, count, where): many,
        }

    return grown(beyond), grown(within)


def _direction(signal: Signal) -> str:
    assert signal.expect
    if signal.expect.at_most is None:
        return "low"
    return "slow" if signal.instrument == "histogram" and signal.unit == "s" else "high"


def _gauge(watched: Watched, signal: Signal) -> Alert:
    expect, clock = signal.expect, watched.clock
    assert expect
    upper = expect.at_most is not None
    bound = (expect.at_most if upper else expect.at_least) or 0.0
    hold, step = clock.time(HOLD), clock.time(60)
    given = first_series(signal, signal.prometheus, expect.where)
    beyond = (bound * 1.01 if bound else 1.0) if upper else bound * 0.99
    return Alert(
        alert=alert_name(watched.contract, signal.name, *expect.where.values(), _direction(signal)),
        expr=f"{judged(watched, signal).value} {'>' if upper else '<'} {number(bound)}",
        hold=hold,
        severity="warning",
        component="app",
        summary=f"{signal.name}: {{{{ $value | humanize }}}}",
        description=f"{signal.description} {'At most' if upper else 'At least'} {number(bound)} is expected.",
        dashboard=dashboard(signal),
        signals=(signal.name,),
        step=step,
        cases=cases.level({given: beyond}, {given: bound}, hold=hold, step=step),
    )


def _share_of_gauge(watched: Watched, signal: Signal, whole: Signal) -> Alert:
    expect, clock = signal.expect, watched.clock
    assert expect
    upper = expect.at_most is not None
    bound = (expect.at_most if upper else expect.at_least) or 0.0
    hold, step = clock.time(HOLD), clock.time(60)
    of = judged(watched, signal, whole)
    given = first_series(signal, signal.prometheus, expect.where)
    total = first_series(whole, whole.prometheus)
    return Alert(
        alert=alert_name(watched.contract, signal.name, *expect.where.values(), _direction(signal)),
        expr=f"{of.value} {'>' if upper else '<'} {number(bound)} * {of.whole}",
        hold=hold,
        severity="warning",
        component="app",
        summary=f"{signal.name} of {whole.name}: {{{{ $value | humanize }}}}",
        description=f"{signal.description} {'At most' if upper else 'At least'} {number(bound * 100)} % of "
        f"{whole.name} are expected.",
        dashboard=dashboard(signal),
        signals=(signal.name, whole.name),
        step=step,
        cases=cases.level(
            {given: bound * (101 if upper else 99)}, {given: bound * 100}, hold=hold, step=step, steady={total: 100}
        ),
    )
