"""Series that an alert is not about, beside those that it is: a rule that forgets a label takes them for its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import reduce

from preprod.render.rules.promql import SELECTOR, Matcher, matchers, selectors, series
from preprod.render.rules.rule import Alert, Case

_ABSENT = re.compile(r"absent\w*\((\w+)\{")


def among_others(alert: Alert, recorded: Iterable[str]) -> tuple[Case, ...]:
    """An alert's cases with others in them: it fires though all is well with others, and not because of these.

    :param recorded: expressions of the recorded series that it reads.
    """
    named = {case.name: case for case in alert.cases}
    fires, below = named["fires and resolves"], named["just below"]
    asked = [of for expr in (alert.expr, *recorded) for _, of in selectors(expr)]
    common = reduce(set.intersection, map(set, asked)) if asked else set()
    well = {**_foreign(below.series, common), **fires.series}
    named["fires and resolves"] = replace(fires, series=well)
    return (*named.values(), *_of_others(alert, below, asked))


def _of_others(alert: Alert, below: Case, asked: list[list[Matcher]]) -> Iterator[Case]:
    fires, *further = (case for case in alert.cases if case.name.startswith("fires and resolves"))
    never = {step: 0 for step, count in fires.firing.items() if count}
    missed = set(_ABSENT.findall(alert.expr))
    every = {one for of in asked for one in of}
    bad = {name: values for case in (fires, *further) for name, values in case.series.items()}
    if not missed and every:
        yield Case("bad, but with others", {**_foreign(bad, every), **below.series}, never)
    present = {one for metric, of in selectors(alert.expr) if metric not in missed for one in of}
    given = {name: values for name, values in fires.series.items() if _metric(name) not in missed}
    if missed and present:
        rest = {name: values for name, values in fires.series.items() if name not in given}
        yield Case("missed, but by others", {**_foreign(given, present), **rest}, never)


def _foreign(given: Mapping[str, str], asked: Iterable[Matcher]) -> dict[str, str]:
    """The same series, once for each label that is asked for, with another value of it."""
    return {
        other: values
        for one in sorted(asked, key=str)
        for name, values in given.items()
        if (other := _with_another(name, one))
    }


def _with_another(name: str, asked: Matcher) -> str | None:
    labels = {one.label: one.value for one in matchers(name)}
    if asked.label not in labels or not asked.takes(labels[asked.label]):
        return None
    return series(_metric(name), {**labels, asked.label: asked.refused})


def _metric(name: str) -> str:
    found = SELECTOR.fullmatch(name)
    return found[1] if found else name
