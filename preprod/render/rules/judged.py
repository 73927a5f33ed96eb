"""What a rule compares with the bound of an expectation.

Rules and dashboards take it from here: a bound drawn on lines that no rule judges says that all is well while an alert
fires, or the other way about.
"""

from __future__ import annotations

from dataclasses import dataclass

from preprod.contract import Signal
from preprod.contract.names import label_name
from preprod.render.rules.promql import selector
from preprod.render.rules.rule import Watched, duration, number

QUANTILE_WINDOW, JOB_WINDOW = 1800, 3600
"""Seconds in which a histogram's quantile is taken."""


@dataclass(frozen=True)
class Judged:
    """A value, and what it is told apart by."""

    value: str
    """PromQL."""
    by: tuple[str, ...] = ()
    """Labels, in Prometheus' spelling; none where everything is added up."""
    whole: str = ""
    """PromQL of what the bound is a share of."""
    window: float = 0
    """Seconds, scaled, that it looks back; 0 where it is the newest value."""


def judged(watched: Watched, signal: Signal, whole: Signal | None = None) -> Judged:
    """What the expectation of a signal is about.

    :param whole: what its bound is a share of, where it is one.
    """
    if signal.instrument == "counter":
        return _counter(watched, signal, whole)
    if signal.instrument == "histogram":
        return _quantile(watched, signal)
    return _share_of_gauge(signal, whole) if whole else _gauge(signal)


def of_jobs(watched: Watched, signal: Signal) -> bool:
    """Whether a histogram measures runs of jobs: they are few, and each of them counts."""
    return "jobs" in watched.contract.histograms[signal.name].labels.values()


def quantile(watched: Watched, signal: Signal, share: float, by: tuple[str, ...]) -> str:
    """PromQL of a histogram's quantile, told apart by labels."""
    bucket = selector(signal.exposed[0], signal.services)
    rate = f"rate({bucket}[{duration(_quantile_window(watched, signal))}])"
    return f"histogram_quantile({number(share)}, sum by ({', '.join((*by, 'le'))}) ({rate}))"


def _quantile_window(watched: Watched, signal: Signal) -> float:
    return watched.clock.window(JOB_WINDOW if of_jobs(watched, signal) else QUANTILE_WINDOW)


def _quantile(watched: Watched, signal: Signal) -> Judged:
    assert signal.expect
    assert signal.expect.quantile
    by, window = _labels(signal), _quantile_window(watched, signal)
    return Judged(quantile(watched, signal, signal.expect.quantile, by), by, window=window)


def _counter(watched: Watched, signal: Signal, whole: Signal | None) -> Judged:
    expect = signal.expect
    assert expect
    window = watched.clock.window(expect.per_seconds or 0)
    grown = f"(increase({selector(signal.prometheus, signal.services, expect.where)}[{duration(window)}]))"
    if whole:
        all_ = f"sum(increase({selector(whole.prometheus, whole.services)}[{duration(window)}]))"
        return Judged(f"sum{grown}", whole=all_, window=window)
    if expect.at_most or expect.at_least is not None:
        return Judged(f"sum{grown}", window=window)
    # Where none is expected, each is told with its labels.
    by = _labels(signal)
    return Judged(f"sum by ({', '.join(by)}) {grown}", by, window=window)


def _gauge(signal: Signal) -> Judged:
    assert signal.expect
    by, worst = _labels(signal), "max" if signal.expect.at_most is not None else "min"
    return Judged(f"{worst} by ({', '.join(by)}) ({_selected(signal)})", by)


def _share_of_gauge(signal: Signal, whole: Signal) -> Judged:
    by = ("job", "instance", *map(label_name, whole.labels))
    told = f"sum by ({', '.join(by)})"
    return Judged(f"{told} ({_selected(signal)})", by, f"{told} ({selector(whole.prometheus, whole.services)})")


def _selected(signal: Signal) -> str:
    assert signal.expect
    return selector(signal.prometheus, signal.services, signal.expect.where)


def _labels(signal: Signal) -> tuple[str, ...]:
    return ("job", *map(label_name, signal.labels))
