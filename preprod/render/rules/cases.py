"""Cases in which an alert fires, does not fire yet, and resolves: the shapes that most alerts have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, chain
from math import ceil

from preprod.render.rules.rule import Case, number

LEAD = 2
"""Steps for which all is well at first."""

Values = Mapping[str, float]
"""Series -> value (of a gauge), or growth in a step (of a counter)."""


def level(
    bad: Values,
    below: Values,
    *,
    hold: float,
    step: float,
    window: float = 0,
    steady: Values | None = None,
    linger: float = 0,
) -> tuple[Case, ...]:
    """Cases of gauges.

    :param bad: what must fire.
    :param below: what must not, just so; also what is before and after.
    :param window: seconds for which the rule remembers what was bad.
    :param steady: further series, the same at all times.
    :param linger: seconds for which it fires on.
    """
    wait, tail = ceil(hold / step), ceil((window + linger) / step) + 2
    lengths = (LEAD, wait + 1, tail)
    total = sum(lengths)
    same = {name: _run(value, total) for name, value in (steady or {}).items()}
    change = {
        name: _joined(_run(v, n) for v, n in zip((below[name], bad[name], below[name]), lengths, strict=True))
        for name in bad
    }
    early = {LEAD + wait - 1: 0} if wait else {}
    last = max(int((window + linger) / step) - 1, 1 if linger else 0)
    late = {LEAD + wait + last: 1} if window or linger else {}
    firing = {LEAD - 1: 0, **early, LEAD + wait: 1, **late, total - 1: 0}
    return (
        Case("fires and resolves", {**change, **same}, firing),
        Case("just below", {**{n: _run(v, total) for n, v in below.items()}, **same}, {total // 2: 0, total - 1: 0}),
    )


def growth(
    bad: Values, below: Values, *, window: float, step: float, hold: float = 0, steady: Values | None = None
) -> tuple[Case, ...]:
    """Cases of counters: as `level`, with what they grow by in a step instead of values.

    :param steady: gauges beside them.
    """
    in_window = int(window / step)
    # Before it the window is full of what is well: less than half a window of what is not does not fire yet.
    lead, early = in_window + 2, ceil((in_window - 1) / 2) - 1
    lengths = (lead, ceil((window + hold) / step) + 1, ceil(window / step) + 2)
    total = sum(lengths)
    same = {name: _run(value, total) for name, value in (steady or {}).items()}
    change = {
        name: counter([(below[name], lengths[0]), (bad[name], lengths[1]), (below[name], lengths[2])]) for name in bad
    }
    calm = {name: counter([(value, total)]) for name, value in below.items()}
    end = lead + lengths[1] - 1
    not_yet = {lead - 1 + max(early, 0) + ceil(hold / step): 0}
    return (
        Case("fires and resolves", {**change, **same}, {**not_yet, end: 1, total - 1: 0}),
        Case("just below", {**calm, **same}, {end: 0, total - 1: 0}),
    )


def of_further(made: Iterable[Case], what: str) -> Iterator[Case]:
    """The same cases, but that with nothing, on series of something else that a rule watches as well."""
    return (replace(case, name=f"{case.name}: {what}") for case in made if case.name != "idle")


def never(name: str, growing: Values, *, window: float, step: float, hold: float = 0) -> Case:
    """A case in which counters grow evenly, and nothing fires."""
    total = LEAD + ceil((window + hold) / step) + 2
    return Case(name, {series: counter([(value, total)]) for series, value in growing.items()}, {total - 1: 0})


def too_few(
    growing: Values, least: float, *, window: float, step: float, hold: float = 0, whole: float = 0
) -> tuple[Case, ...]:
    """Cases of a share or a quantile: with nothing at all; and all of it bad, at first too little to judge.

    :param growing: what is bad, as growth in a step.
    :param least: events in a window from which on one judges.
    :param whole: what is counted of it; the greatest of them, unless said.
    """
    total, in_window = LEAD + ceil((window + hold) / step) + 2, int(window / step)
    one = least * step / window / (whole or max(growing.values()))
    phases = ((0.8, total), (0.0, in_window + 2), (1.25, total))
    judged = total + in_window + 1
    # Of the last window four fifths have to be over; with less of it, a shorter window would judge already.
    not_yet = judged + int(0.8 * (in_window - 1) - 0.01) + ceil(hold / step)
    return (
        never("idle", dict.fromkeys(growing, 0.0), window=window, step=step, hold=hold),
        Case(
            "too few to judge, then enough",
            {series: counter([(value * one * factor, n) for factor, n in phases]) for series, value in growing.items()},
            {total - 1: 0, not_yet: 0, judged + total: 1},
        ),
    )


def event(series: str, *, window: float, step: float, steady: Values | None = None) -> tuple[Case, ...]:
    """Cases of a counter of which one is too many: also in a process that has just begun."""
    tail = ceil(window / step) + 2
    total = LEAD + tail
    same = {name: _run(value, total) for name, value in (steady or {}).items()}
    # As long as the step before it is in the window too.
    last = max(LEAD, LEAD + int(window / step) - 2)
    once = f"{_run(0, LEAD)} {_run(1, tail)}"
    begun = f"_x{LEAD} 0 {_run(1, tail)}"
    return (
        Case("fires and resolves", {series: once, **same}, {LEAD - 1: 0, LEAD: 1, last: 1, total - 1: 0}),
        Case("the first of a new process", {series: begun, **same}, {LEAD: 0, LEAD + 1: 1}),
        Case("just below", {series: _run(3, total), **same}, {LEAD: 0, total - 1: 0}),
    )


def events(series: str, *, window: float, hold: float, step: float) -> tuple[Case, ...]:
    """Cases of a counter that must not go on growing; what happens once is no matter."""
    wait, tail = ceil(hold / step), ceil(window / step) + 2
    total, end = LEAD + wait + 1 + tail, LEAD + wait + 1
    going_on = counter([(0, LEAD), (1, wait + 1), (0, tail)])
    once = f"{_run(0, LEAD)} {_run(1, total - LEAD)}"
    return (
        # As in `event`, it fires for as long as the step before the last growth is in the window.
        Case(
            "fires and resolves",
            {series: going_on},
            {LEAD + wait: 0, end: 1, end + int(window / step) - 2: 1, total - 1: 0},
        ),
        Case("just below", {series: once}, {LEAD: 0, LEAD + wait: 0, total - 1: 0}),
    )


def absence(series: str, *, window: float, hold: float, step: float, steady: Values | None = None) -> tuple[Case, ...]:
    """Cases of a series that has to be there; a gap shorter than the window is none.

    :param window: seconds for which one sample counts as being there.
    """
    gone = ceil(window / step) + ceil(hold / step) + 1
    total = LEAD + gone + 2
    same = {name: _run(1, total) for name in steady or {}}
    gap = ceil(window / step) - 2
    gaps = f"1 _x{gap} 1 _x{gap} 1" if gap > 0 else _run(1, total)
    return (
        Case(
            "fires and resolves",
            {series: f"1x{LEAD - 1} _x{gone} 1x1", **same},
            {0: 0, LEAD + gone - 3: 0, LEAD + gone - 1: 1, total - 1: 0},
        ),
        Case("just below", {series: gaps, **same}, {1: 0, max(gap, 1): 0, max(gap + 2, 1): 0}),
    )


def counter(phases: Sequence[tuple[float, int]]) -> str:
    """Samples of a counter from nought.

    :param phases: growth in a step, and how many steps.
    """
    starts = accumulate(chain([0.0], (growth * steps for growth, steps in phases)))
    return _joined(
        f"{number(start)}+{number(growth)}x{steps - 1}" for start, (growth, steps) in zip(starts, phases, strict=False)
    )


def _run(value: float, steps: int) -> str:
    return f"{number(value)}+0x{steps - 1}"


def _joined(parts: Iterable[str]) -> str:
    return " ".join(parts)
