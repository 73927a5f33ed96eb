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
        if signal.expect and signal.expect.of:
            yield _share(watched, signal, known)


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
    seconds = watched.clock.window(expect.per_seconds if expect and expect.per_seconds else HOUR)
    window = duration(seconds)
    by, legend = _by(signal)
    counted = f"sum by ({by}) (increase({selector(signal.prometheus, signal.services)}[{window}]))"
    limits = None if expect is None or expect.of else _limits(signal)
    return lines(
        f"{title(watched.contract, signal)} in {window}",
        _description(signal, known),
        (counted, legend),
        unit=UNITS.get(signal.unit, units.Short),
        limits=limits,
    )


def _histogram(watched: Watched, signal: Signal, known: Mapping[str, Signal]) -> Panel:
    expect = signal.expect
    quantile = expect.quantile if expect and expect.quantile else 0.95
    of_jobs = "jobs" in watched.contract.histograms[signal.name].labels.values()
    seconds = app.JOB_WINDOW if of_jobs else app.QUANTILE_WINDOW
    by, legend = _by(signal)
    bucket = selector(signal.exposed[0], signal.services)
    rate = f"sum by ({by}, le) (rate({bucket}[{duration(watched.clock.window(seconds))}]))"
    return lines(
        f"{title(watched.contract, signal)} (p{number(quantile * 100)})",
        _description(signal, known),
        (f"histogram_quantile({number(quantile)}, {rate})", legend),
        unit=UNITS.get(signal.unit, units.Short),
        limits=_limits(signal),
        empty="none in this time",
    )


def _gauge(watched: Watched, signal: Signal, known: Mapping[str, Signal]) -> Panel:
    expect = signal.expect
    by, legend = _by(signal)
    # Processes that tell the same agree on the worst; what only one of them has adds up.
    over = "sum" if expect is None or expect.of else "max" if expect.at_most is not None else "min"
    return lines(
        title(watched.contract, signal),
        _description(signal, known),
        (f"{over} by ({by}) ({selector(signal.prometheus, signal.services)})", legend),
        unit=units.PercentUnit if signal.unit == "1" else UNITS.get(signal.unit, units.Short),
        limits=None if expect is None or expect.of else _limits(signal),
    )


def _share(watched: Watched, signal: Signal, known: Mapping[str, Signal]) -> Panel:
    expect = signal.expect
    assert expect
    assert expect.of
    whole, window = known[expect.of], ""
    part_, whole_ = (
        selector(signal.prometheus, signal.services, expect.where),
        selector(whole.prometheus, whole.services),
    )
    if signal.instrument == "counter":
        window = f"[{duration(watched.clock.window(expect.per_seconds or HOUR))}]"
        part_, whole_ = f"increase({part_}{window})", f"increase({whole_}{window})"
    told = "".join(f" {value}" for value in expect.where.values())
    return lines(
        f"{title(watched.contract, signal)}: share{told}",
        _description(signal, known, f" as a share of `{whole.prometheus}`"),
        (f"sum by (job) ({part_}) / on () group_left () (sum ({whole_}) > 0)", "{{job}}"),
        unit=units.PercentUnit,
        limits=_limits(signal),
        empty="nothing to take a share of",
    )


def _by(signal: Signal) -> tuple[str, str]:
    """Labels that tell lines apart, as long as these are not too many; and the legend made of them."""
    chosen = ["job"] if len(signal.services) > 1 else []
    sizes = [len(signal.services)]
    for label, values in signal.labels.items():
        if prod(sizes) * len(values) <= MOST_LINES:
            sizes.append(len(values))
            chosen.append(label_name(label))
    told = chosen or ["job"]
    return ", ".join(told), " ".join(f"{{{{{label}}}}}" for label in told)


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
