"""Panels that follow from the signals of a contract, whatever they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from math import prod

from grafana_foundation_sdk.models import units

from preprod.contract import Contract, Signal
from preprod.contract.names import label_name
from preprod.contract.signals import HTTP_DURATION, signals
from preprod.render.contract_page import expectation
from preprod.render.dashboards.panels import UNITS, Limits, Panel, Row, lines
from preprod.render.rules import app, app_counters
from preprod.render.rules.judged import Judged, judged, quantile
from preprod.render.rules.promql import selector
from preprod.render.rules.rule import Dashboard, Watched, duration, number

HOUR = 3600
"""Seconds in which a counter without an expectation is counted."""

MOST_LINES = 12
"""Lines in one panel that can still be told apart."""

ROW_OF_ITS_OWN = 2
"""Signals of one namespace that are worth a heading."""

SPELLED = {
    "db": "database",
    "gen": "generative",
    **{word: word.upper() for word in ("ai", "http", "llm", "lcp", "inp", "cls")},
}
"""Words that do not read well as they are."""


def rows(watched: Watched, dashboard: Dashboard) -> list[Row]:
    """The signals of a dashboard: a heading for each namespace with enough of them, and one for all others."""
    found = [s for s in signals(watched.contract) if s.name != HTTP_DURATION and place(s) == dashboard]
    spaces: dict[str, list[Signal]] = {}
    for signal in found:
        spaces.setdefault(_namespace(watched.contract, signal.name), []).append(signal)
    own = {name: of for name, of in spaces.items() if len(of) >= ROW_OF_ITS_OWN}
    rest = [signal for name, of in spaces.items() if name not in own for signal in of]
    made = [Row(_spelled(name), tuple(panels(watched, of))) for name, of in own.items()]
    return [*made, Row("Further signals" if own else "Signals", tuple(panels(watched, rest)))] if rest else made


def place(signal: Signal) -> Dashboard:
    """The dashboard that a signal's alerts lead to."""
    return app_counters.dashboard(signal) if signal.instrument == "counter" else app.dashboard(signal)


def panels(watched: Watched, found: Iterable[Signal]) -> Iterator[Panel]:
    """Panels of signals, in their order."""
    known = {signal.name: signal for signal in signals(watched.contract)}
    for signal in found:
        if signal.instrument == "counter":
            yield _counter(watched, signal, known)
        elif signal.instrument == "histogram":
            yield _histogram(watched, signal, known)
        else:
            yield _gauge(watched, signal, known)
        # A bound on a part has a panel of its own: the rest would cross a line that is not meant for it.
        if signal.expect and signal.expect.of:
            yield _share(watched, signal, known[signal.expect.of])
        elif signal.expect and signal.expect.where:
            yield _part(watched, signal, known)


def title(contract: Contract, signal: Signal) -> str:
    """A signal's name in words, without the app's."""
    return _spelled(signal.name.removeprefix(f"{contract.application}."))


def _namespace(contract: Contract, name: str) -> str:
    return name.removeprefix(f"{contract.application}.").split(".")[0]


def _spelled(name: str) -> str:
    words = " ".join(SPELLED.get(word, word) for word in re.split(r"[._]", name))
    return words[:1].upper() + words[1:]


# -- one panel each ----------------------------------------------------------------------------------
def _counter(watched: Watched, signal: Signal, known: Mapping[str, Signal]) -> Panel:
    expect = signal.expect
    window = duration(watched.clock.window(expect.per_seconds if expect and expect.per_seconds else HOUR))
    by, legend, _ = _by(signal)
    counted = f"sum by ({by}) (increase({selector(signal.prometheus, signal.services)}[{window}]))"
    return _all(watched, signal, known, f"{title(watched.contract, signal)} in {window}", (counted, legend))


def _gauge(watched: Watched, signal: Signal, known: Mapping[str, Signal]) -> Panel:
    expect = signal.expect
    by, legend, _ = _by(signal)
    # Processes that tell the same agree on the worst; what only one of them has adds up.
    over = "sum" if expect is None or expect.of else "max" if expect.at_most is not None else "min"
    newest = f"{over} by ({by}) ({selector(signal.prometheus, signal.services)})"
    return _all(watched, signal, known, title(watched.contract, signal), (newest, legend))


def _all(watched: Watched, signal: Signal, known: Mapping[str, Signal], name: str, split: tuple[str, str]) -> Panel:
    """All of a counter or gauge, with the bound where that is about all of it.

    :param split: PromQL and legend of what it is made of.
    """
    expect = signal.expect
    if expect is None or expect.of or expect.where:
        return lines(name, f"{signal.description.rstrip('.')}.", split, unit=_unit(signal))
    of = judged(watched, signal)
    asked, most = _asked(signal, of)
    # What is judged line by line is split already, and what has one line only is all there is.
    split_too = not of.by and _by(signal)[2] > 1
    return lines(
        name,
        _description(signal, known, most),
        asked,
        *([split] if split_too else []),
        unit=_unit(signal),
        limits=_limits(signal),
    )


def _part(watched: Watched, signal: Signal, known: Mapping[str, Signal]) -> Panel:
    expect, of = signal.expect, judged(watched, signal)
    assert expect
    asked, most = _asked(signal, of)
    told = " ".join(expect.where.values())
    window = f" in {duration(of.window)}" if of.window else ""
    return lines(
        f"{title(watched.contract, signal)}: {told}{window}",
        _description(signal, known, f": {told} alone{most}"),
        asked,
        unit=_unit(signal),
        limits=_limits(signal),
    )


def _share(watched: Watched, signal: Signal, whole: Signal) -> Panel:
    expect, of = signal.expect, judged(watched, signal, whole)
    assert expect
    asked, most = _asked(signal, of, whole)
    told = "".join(f" {value}" for value in expect.where.values())
    return lines(
        f"{title(watched.contract, signal)}: share{told}",
        _description(signal, {whole.name: whole}, f" as a share of `{whole.prometheus}`{most}"),
        asked,
        unit=units.PercentUnit,
        limits=_limits(signal),
        empty="nothing to take a share of",
    )


def _histogram(watched: Watched, signal: Signal, known: Mapping[str, Signal]) -> Panel:
    share = signal.expect.quantile if signal.expect and signal.expect.quantile else 0.95
    by, legend, _ = _by(signal)
    asked, most = (quantile(watched, signal, share, tuple(by.split(", "))), legend), ""
    if signal.expect:
        of = judged(watched, signal)
        asked, most = _asked(signal, of)
    return lines(
        f"{title(watched.contract, signal)} (p{number(share * 100)})",
        _description(signal, known, most),
        asked,
        unit=UNITS.get(signal.unit, units.Short),
        limits=_limits(signal),
        empty="none in this time",
    )


# -- their parts -------------------------------------------------------------------------------------
def _asked(signal: Signal, of: Judged, whole: Signal | None = None) -> tuple[tuple[str, str], str]:
    """What a rule judges, and its legend; and what to say of it where only the worst lines are shown.

    :param whole: what it is a share of, by whose labels it is told apart.
    """
    expect, told = signal.expect, whole or signal
    assert expect
    expr = f"{of.value} / ({of.whole} > 0)" if of.whole else of.value
    if not of.by:
        return (expr, " ".join(expect.where.values()) or "all"), ""
    legend = _legend([label for label in of.by if label != "job" or len(signal.services) > 1])
    sizes = (len(values) for label, values in told.labels.items() if label not in expect.where)
    if prod(sizes, start=len(signal.services)) <= MOST_LINES:
        return (expr, legend), ""
    how, which = ("topk", "highest") if expect.at_most is not None else ("bottomk", "lowest")
    return (f"{how}({MOST_LINES}, {expr})", legend), f"; the {MOST_LINES} {which} lines are shown"


def _by(signal: Signal) -> tuple[str, str, int]:
    """Labels that tell lines apart, as long as these are not too many; the legend made of them; how many lines."""
    chosen = ["job"] if len(signal.services) > 1 else []
    sizes = [len(signal.services)]
    for label, values in signal.labels.items():
        if prod(sizes) * len(values) <= MOST_LINES:
            sizes.append(len(values))
            chosen.append(label_name(label))
    return ", ".join(chosen or ["job"]), _legend(chosen), prod(sizes)


def _legend(labels: list[str]) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in labels or ["job"])


def _unit(signal: Signal) -> str:
    known = {**UNITS, "1": units.PercentUnit} if signal.instrument == "gauge" else UNITS
    return known.get(signal.unit, units.Short)


def _limits(signal: Signal) -> Limits | None:
    expect = signal.expect
    if expect is None:
        return None
    if expect.at_most is None:
        return Limits(expect.at_least or 0.0, low=True)
    # None at all: the first one is too many.
    return Limits(expect.at_most or 1.0)


def _description(signal: Signal, known: Mapping[str, Signal], what: str = "") -> str:
    expected = expectation(signal, {name: other.prometheus for name, other in known.items()})
    return f"{signal.description.rstrip('.')}{what}{f' ({expected} is expected)' if expected else ''}."
