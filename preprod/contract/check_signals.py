"""Checks of metrics: names, units, labels, series, expectations."""

from __future__ import annotations

from collections.abc import Iterator

from preprod.contract.model import Contract, Expectation
from preprod.contract.names import label_fault, label_name, name_fault, unit_fault
from preprod.contract.problems import Problem, Problems, field
from preprod.contract.signals import Signal, signals

_NEEDED = {"counter": "per_seconds", "histogram": "quantile", "gauge": None}


def check_signals(contract: Contract) -> Problems:
    """Every problem of every metric."""
    found = [signal for signal in signals(contract) if signal.path != ("http",)]
    for signal in found:
        yield from _named(signal)
        yield from _labelled(signal)
        yield from _bucketed(signal)
        if signal.expect:
            yield from _expected(signal, signal.expect, {other.name: other for other in found})
    yield from _bounded(contract)
    yield from _distinct(contract)


def _named(signal: Signal) -> Iterator[Problem]:
    if fault := name_fault(signal.name, signal.instrument):
        yield Problem(signal.path, fault)
    if fault := unit_fault(signal.unit):
        yield Problem((*signal.path, "unit"), fault)


def _labelled(signal: Signal) -> Iterator[Problem]:
    translated: dict[str, str] = {}
    for label, values in signal.labels.items():
        path = (*signal.path, "labels", label)
        if fault := label_fault(label):
            yield Problem(path, fault)
        if first := translated.get(label_name(label)):
            yield Problem(path, f"becomes the Prometheus label '{label_name(label)}', as '{first}' does: rename one")
        if not values:
            yield Problem(path, "names a section that is empty: fill it, or list the values")
        if len(set(values)) < len(values):
            yield Problem(path, "lists a value twice: leave one out")
        translated[label_name(label)] = label


def _bounded(contract: Contract) -> Iterator[Problem]:
    for signal in signals(contract):
        if signal.series > signal.max_series:
            yield Problem(
                signal.path,
                f"makes up to {signal.series} series per process, over the bound of {signal.max_series}: allow fewer "
                "values, drop a label, or raise max_series",
            )


def _distinct(contract: Contract) -> Iterator[Problem]:
    owners: dict[str, Signal] = {}
    for signal in signals(contract):
        for name in signal.exposed:
            if (other := owners.setdefault(name, signal)) is not signal:
                yield Problem(
                    signal.path, f"becomes '{name}' in Prometheus, as {field(other.path)} does: rename one of them"
                )


def _bucketed(signal: Signal) -> Iterator[Problem]:
    if list(signal.buckets) != sorted(set(signal.buckets)):
        yield Problem((*signal.path, "buckets"), "are not in ascending order: sort them, each once")


def _expected(signal: Signal, expect: Expectation, known: dict[str, Signal]) -> Iterator[Problem]:
    path = (*signal.path, "expect")
    if (expect.at_least is None) == (expect.at_most is None):
        yield Problem(path, "needs one bound: give either at_least or at_most")
    for key in ("per_seconds", "quantile"):
        needed, given = key == _NEEDED[signal.instrument], getattr(expect, key) is not None
        if needed and not given:
            yield Problem(path, f"of a {signal.instrument} needs {key}: add it")
        if given and not needed:
            yield Problem((*path, key), f"means nothing for a {signal.instrument}: leave it out")
    bound = expect.at_least if expect.at_most is None else expect.at_most
    if signal.buckets and bound is not None and bound not in signal.buckets[:-1]:
        yield Problem(path, f"has the bound {bound:g}, which is no inner bucket boundary: use one, or add buckets")
    yield from _selected(signal, expect)
    yield from _related(signal, expect, known)


def _selected(signal: Signal, expect: Expectation) -> Iterator[Problem]:
    for label, value in expect.where.items():
        path = (*signal.path, "expect", "where", label)
        if label not in signal.labels:
            known = f"use one of {', '.join(signal.labels)}" if signal.labels else "it has none, leave it out"
            yield Problem(path, f"is no label of this metric: {known}")
        elif value not in signal.labels[label]:
            yield Problem(path, f"is never '{value}': use one of {', '.join(signal.labels[label])}")


def _related(signal: Signal, expect: Expectation, known: dict[str, Signal]) -> Iterator[Problem]:
    if expect.of is None:
        return
    path, own = (*signal.path, "expect", "of"), signal.instrument
    other = known.get(expect.of)
    if own == "histogram":
        yield Problem(path, "means nothing for a histogram: leave it out")
    elif other is None:
        yield Problem(path, f"names '{expect.of}', which is no metric of this contract: name a {own} of it")
    elif other.instrument != own:
        yield Problem(path, f"names a {other.instrument}, of which a {own} is no fraction: name another {own}")
    else:
        yield from _fraction(signal, expect)


def _fraction(signal: Signal, expect: Expectation) -> Iterator[Problem]:
    own = expect.of == signal.name
    for key in ("at_least", "at_most"):
        bound = getattr(expect, key)
        # All of another signal may be wanted, as of replicas; of itself it would be told by nothing.
        if bound is None or 0 < bound < 1 or (bound == 1 and not own):
            continue
        yield Problem(
            (*signal.path, "expect", key),
            f"is {bound:g}, of '{expect.of}': write a fraction, above 0 and {'below' if own else 'up to'} 1"
            + ("" if bound else "; leave out 'of' if none is expected"),
        )
