"""Series that an alert is not about, beside those that it is: a rule that forgets a label takes them for its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from preprod.render.rules.promql import SELECTOR, Matcher, matchers, selectors, series
from preprod.render.rules.rule import Alert, Case

_ABSENT = re.compile(r"absent\w*\((\w+)\{")


COPIES = 2
"""How many times others are there: so many that what is well cannot outweigh them."""

FIRES, BELOW = "fires and resolves", "just below"
"""How the names of these cases begin; what they are of may follow."""


def among_others(alert: Alert, recorded: Iterable[str]) -> tuple[Case, ...]:
    """An alert's cases with others in them: it fires though all is well with others, and not because of these.

    :param recorded: expressions of the recorded series that it reads.
    """
    asked = [one for expr in (alert.expr, *recorded) for one in selectors(expr)]
    named = {case.name: case for case in alert.cases}
    common = _common(alert, asked)
    for name in [name for name in named if name.startswith(FIRES)]:
        well = _foreign(named[BELOW + name.removeprefix(FIRES)].series, common)
        named[name] = replace(named[name], series={**well, **named[name].series})
    return (*named.values(), *_of_others(alert, {one for _, of in asked for one in of}))


def _common(alert: Alert, asked: list[tuple[str, list[Matcher]]]) -> set[Matcher]:
    """What is asked of labels that every selector asks for, as far as they select what the cases have."""
    given = {_metric(name) for case in alert.cases for name in case.series}
    of = [one for metric, one in asked if metric in (_missed(alert) or given)]
    labels = [{one.label for one in matchers} for matchers in of]
    every = set.intersection(*labels) if labels else set()
    return {one for matchers in of for one in matchers if one.label in every}


def _missed(alert: Alert) -> set[str]:
    return set(_ABSENT.findall(alert.expr))


def _of_others(alert: Alert, every: set[Matcher]) -> Iterator[Case]:
    fires = [case for case in alert.cases if case.name.startswith(FIRES)]
    below = next(case for case in alert.cases if case.name == BELOW)
    never = {step: 0 for step, count in fires[0].firing.items() if count}
    missed = _missed(alert)
    bad = {name: values for case in fires for name, values in case.series.items()}
    if not missed and every:
        foreign = {n: values for n, values in _foreign(bad, every).items() if not _lowers_a_share(n, alert.expr)}
        yield Case("bad, but with others", {**foreign, **below.series}, never)
    present = {one for metric, of in selectors(alert.expr) if metric not in missed for one in of}
    given = {name: values for name, values in bad.items() if _metric(name) not in missed}
    if missed and present:
        rest = {name: values for name, values in bad.items() if name not in given}
        yield Case("missed, but by others", {**_foreign(given, present), **rest}, never)


def _foreign(given: Mapping[str, str], asked: Iterable[Matcher]) -> dict[str, str]:
    """The same series, several times for each label that is asked for, with another value of it."""
    return {
        other: values
        for one in sorted(asked, key=str)
        for name, values in given.items()
        for copy in range(COPIES)
        if (other := _with_another(name, one, copy))
    }


def _with_another(name: str, asked: Matcher, copy: int) -> str | None:
    labels = {one.label: one.value for one in matchers(name)}
    if asked.label not in labels or not asked.takes(labels[asked.label]):
        return None
    was = labels[asked.label]
    return series(_metric(name), {**labels, asked.label: asked.refused, "copy": f"{copy} of {was}"})


def _lowers_a_share(name: str, expr: str) -> bool:
    """Whether a series is of a whole and not of its part, where the part may be too small."""
    labels = {one.label: one.value for one in matchers(name)}
    of = [asked for metric, asked in selectors(expr) if metric == _metric(name)]
    taken = [all(one.takes(labels.get(one.label, "")) for one in asked) for asked in of]
    return " < " in expr and any(taken) and not all(taken)


def _metric(name: str) -> str:
    found = SELECTOR.fullmatch(name)
    return found[1] if found else name
