"""What the contract expects of a counter: so many at most, so many at least, or a share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil

from preprod.contract import Signal
from preprod.contract.names import label_name
from preprod.observability import SECONDS_PER_DAY
from preprod.render.rules import cases
from preprod.render.rules.judged import judged
from preprod.render.rules.promql import alert_name, first_series, selector
from preprod.render.rules.rule import Alert, Case, Dashboard, Severity, Watched, duration, number

STEPS = 12
"""Steps in a window, in the tests."""

UNUSUAL_PERIODS = 24
"""Periods before the last that say what is usual."""

UNUSUAL_SHARE = 0.1
"""Share of the bound below which nothing is unusual: next to nothing, three times over, is still next to nothing."""


def rules(watched: Watched, signal: Signal, by_name: Mapping[str, Signal]) -> Iterator[Alert]:
    """What follows from a counter's expectation; nothing where Prometheus forgets before it could compare."""
    expect = signal.expect
    assert expect
    assert expect.per_seconds
    if expect.of:
        yield _share(watched, signal, by_name[expect.of])
    elif expect.at_least is not None:
        yield from _quiet(watched, signal)
    elif not expect.at_most:
        yield _none(watched, signal)
    else:
        yield _most(watched, signal)
        if signal.kind == "operational":
            yield from _unusual(watched, signal)


def dashboard(signal: Signal) -> Dashboard:
    """Where one looks for more of a counter."""
    if signal.kind == "usage":
        return "usage"
    return "jobs" if any(part in signal.name for part in ("job", "task", "email")) else "api"


def _period(watched: Watched, signal: Signal) -> float:
    assert signal.expect
    return watched.clock.window(signal.expect.per_seconds or 0)


def _alert(
    watched: Watched,
    signal: Signal,
    ending: str,
    expr: str,
    texts: tuple[str, str],
    made: tuple[Case, ...],
    *,
    severity: Severity = "warning",
    others: tuple[str, ...] = (),
    steps: int = STEPS,
) -> Alert:
    assert signal.expect
    return Alert(
        alert=alert_name(watched.contract, signal.name, *signal.expect.where.values(), ending),
        expr=expr,
        severity=severity,
        component="app",
        summary=texts[0],
        description=f"{signal.description} {texts[1]}",
        dashboard=dashboard(signal),
        signals=(signal.name, *others),
        step=_period(watched, signal) / steps,
        cases=made,
    )


def _none(watched: Watched, signal: Signal) -> Alert:
    assert signal.expect
    period = _period(watched, signal)
    told = "".join(f" {{{{ $labels.{label_name(label)} }}}}" for label in signal.labels)
    return _alert(
        watched,
        signal,
        "",
        f"{judged(watched, signal).value} > 0",
        (f"{signal.name} of {{{{ $labels.job }}}}:{told}", f"None is expected; one came in {duration(period)}."),
        cases.event(first_series(signal, signal.prometheus, signal.expect.where), window=period, step=period / STEPS),
    )


def _most(watched: Watched, signal: Signal) -> Alert:
    assert signal.expect
    bound, period = signal.expect.at_most or 0.0, _period(watched, signal)
    given = first_series(signal, signal.prometheus, signal.expect.where)
    return _alert(
        watched,
        signal,
        "high",
        f"{judged(watched, signal).value} > {number(bound)}",
        (
            f"{signal.name}: {{{{ $value | humanize }}}} in {duration(period)}",
            f"At most {number(bound)} in {duration(period)} is expected.",
        ),
        cases.growth({given: 1.1 * bound / STEPS}, {given: 0.9 * bound / STEPS}, window=period, step=period / STEPS),
    )


def _share(watched: Watched, signal: Signal, whole: Signal) -> Alert:
    expect, least = signal.expect, watched.settings.alert_thresholds.events
    assert expect
    period, upper = _period(watched, signal), expect.at_most is not None
    bound = (expect.at_most if upper else expect.at_least) or 0.0
    of = judged(watched, signal, whole)
    part, all_ = of.value, of.whole
    many = 1000.0 * max(least, 1)
    given, total = first_series(signal, signal.prometheus, expect.where), _rest(signal, whole)
    near = 0.1 * (min(bound, 1 - bound) if bound < 1 else bound)
    beyond, within = (bound + near, bound - near) if upper else (bound - near, bound + near)

    def grown(share: float) -> dict[str, float]:
        return {given: many * share, total: many * (1 - share if whole is signal else 1)}

    return _alert(
        watched,
        signal,
        "high" if upper else "low",
        f"{part} {'>' if upper else '<'} {number(bound)} * {all_} and ({all_} >= {least} or {part} >= {least})",
        (
            f"{signal.name}: {{{{ $value | humanize }}}} in {duration(period)}",
            f"{'At most' if upper else 'At least'} {number(bound * 100)} % of {whole.name} in {duration(period)} are "
            "expected.",
        ),
        (
            *cases.growth(grown(beyond), grown(within), window=period, step=period / STEPS),
            *cases.too_few(grown(1.0 if upper else 0.0), least, window=period, step=period / STEPS),
        ),
        others=() if whole is signal else (whole.name,),
    )


def _rest(signal: Signal, whole: Signal) -> str:
    """A series of the whole that is not the part."""
    assert signal.expect
    if whole is not signal:
        return first_series(whole, whole.prometheus)
    other = {
        label: next(value for value in signal.labels[label] if value != part)
        for label, part in signal.expect.where.items()
    }
    return first_series(whole, whole.prometheus, other)


def _quiet(watched: Watched, signal: Signal) -> Iterator[Alert]:
    expect, period = signal.expect, _period(watched, signal)
    assert expect
    bound = expect.at_least or 0.0
    kept = watched.settings.retention.metrics_days * SECONDS_PER_DAY
    before = min(watched.settings.alert_thresholds.quiet_periods, int(kept // period) - 1)
    if before < 1:
        return
    selected = selector(signal.prometheus, signal.services, expect.where)
    given = first_series(signal, signal.prometheus, expect.where)
    yield _alert(
        watched,
        signal,
        "quiet",
        f"{judged(watched, signal).value} < {number(bound)} "
        f"and sum(increase({selected}[{duration(before * period)}] offset {duration(period)})) "
        f">= {number(bound * before)}",
        (
            f"{signal.name}: {{{{ $value | humanize }}}} in {duration(period)}",
            f"At least {number(bound)} in {duration(period)} is expected, and was reached in the {before} periods "
            "before: nobody comes through, or nobody comes.",
        ),
        _silences(given, first_series(signal, signal.prometheus, expect.where, job="other"), bound, before),
        severity="info",
    )


def _silences(given: str, other: str, bound: float, before: int) -> tuple[Case, ...]:
    """Cases of use that ends: each time what counts lies at the edge of its window.

    :param other: a series that is not watched.
    :param before: earlier periods that are compared with.
    """
    used, whole = 2 * bound * (before + 1), (before + 1) * STEPS
    once = cases.counter([(0, cases.LEAD), (used, 1), (0, whole + STEPS)])
    daily = cases.counter([(2 * bound, 1), (0, STEPS - 1)] * (before + 2))
    never = cases.counter([(0, whole + STEPS)])
    # At the first hour of the earliest of the periods before; and long before the end of the last period.
    oldest, end = whole + 1, whole + STEPS - 2
    return (
        Case("fires and resolves", {given: once}, {cases.LEAD + 1: 0, oldest: 1, whole + STEPS: 0}),
        Case("just below", {given: daily}, {oldest + STEPS - 3: 0, end: 0}),
        Case("on a host that nobody has used yet", {given: never, other: once}, {oldest: 0, end: 0}),
    )


def _unusual(watched: Watched, signal: Signal) -> Iterator[Alert]:
    expect, period = signal.expect, _period(watched, signal)
    assert expect
    factor, least = watched.settings.alert_thresholds.unusual_factor, (expect.at_most or 0.0) * UNUSUAL_SHARE
    kept = watched.settings.retention.metrics_days * SECONDS_PER_DAY
    if kept < (UNUSUAL_PERIODS + 1) * period:
        return
    selected = selector(signal.prometheus, signal.services, expect.where)
    given = first_series(signal, signal.prometheus, expect.where)
    usual = 1.2 * least / 4
    # Steady use is more than this share of what came before it until there are so many periods, the last not counted.
    history = ceil(UNUSUAL_PERIODS / factor) + 1

    def case(name: str, times: float, fires: int) -> Case:
        phases = [(usual, UNUSUAL_PERIODS * 4), (usual * times, 4), (usual, 8)]
        end = (UNUSUAL_PERIODS + 1) * 4
        return Case(name, {given: cases.counter(phases)}, {end - 5: 0, end: fires, end + 7: 0})

    steps = history * 4
    begun = Case(
        "just begun", {given: cases.counter([(usual, steps + 8)])}, {steps // 2: 0, steps - 1: 0, steps + 7: 0}
    )
    yield _alert(
        watched,
        signal,
        "unusual",
        f"sum(increase({selected}[{duration(period)}])) > {number(factor / UNUSUAL_PERIODS)} "
        f"* (sum(increase({selected}[{duration(UNUSUAL_PERIODS * period)}] offset {duration(period)})) > 0) "
        f"and sum(increase({selected}[{duration(period)}])) > {number(least)} "
        f"and sum(increase({selected}[{duration(period)}] offset {duration(history * period)})) >= 0",
        (
            f"{signal.name}: {{{{ $value | humanize }}}} in {duration(period)}",
            f"That is more than {number(factor)} times what was usual in the {UNUSUAL_PERIODS} periods before.",
        ),
        (case("fires and resolves", factor * 1.2, 1), case("just below", factor * 0.9, 0), begun),
        steps=4,
    )
