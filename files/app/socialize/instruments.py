"""Kinds of metrics. Each knows its labels and their values; without telemetry it drops what it is given."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from socialize.about import API

Labels = Mapping[str, str | int]
Observe = Callable[[], Iterable[tuple[float, Labels]]]

_meter = metrics.get_meter("socialize")


@dataclass(frozen=True)
class Metric:
    """What is known about a metric before anything is measured."""

    name: str
    unit: str
    description: str
    services: tuple[str, ...] = (API,)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Every label with every value that it may have; no values means that they are bounded elsewhere."""
    buckets: tuple[float, ...] = ()
    """Of a histogram: upper bounds, in its unit."""
    _instrument: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_instrument", self._create())

    def _create(self) -> object:
        return None  # Made when there is something to watch.


class Counter(Metric):
    """Counts events; exported at zero from the start, so that the very first event is seen as an increase."""

    def _create(self) -> metrics.Counter:
        return _meter.create_counter(self.name, self.unit, self.description)

    def add(self, *values: str, amount: int = 1) -> None:
        """Count events.

        Args:
            values: of the labels, in the order of their declaration. What is not allowed is not counted: a
                new value needs to be declared first.
            amount: how many.
        """
        if all(value in allowed for value, allowed in zip(values, self.labels.values(), strict=True)):
            self._instrument.add(amount, dict(zip(self.labels, values, strict=True)))

    def start(self) -> None:
        """Export zero for every combination of labels."""
        for values in product(*self.labels.values()):
            self._instrument.add(0, dict(zip(self.labels, values, strict=True)))


class UpDownCounter(Metric):
    """Counts what comes and goes."""

    def _create(self) -> metrics.UpDownCounter:
        return _meter.create_up_down_counter(self.name, self.unit, self.description)

    def add(self, amount: int, labels: Labels) -> None:
        """Count what has come, or, with a negative amount, gone."""
        self._instrument.add(amount, labels)


class Histogram(Metric):
    """A distribution."""

    def _create(self) -> metrics.Histogram:
        return _meter.create_histogram(self.name, self.unit, self.description)

    def record(self, value: float, labels: Labels | None = None) -> None:
        """Record a value, in the unit of the metric."""
        self._instrument.record(value, labels)


class Gauge(Metric):
    """A value that goes up and down, asked for whenever metrics are collected."""

    def watch(self, observe: Observe) -> None:
        """Ask `observe` for values with their labels from now on; it is called from another thread."""

        def callback(_: CallbackOptions) -> Iterable[Observation]:
            return [Observation(value, labels) for value, labels in observe()]

        _meter.create_observable_gauge(self.name, [callback], self.unit, self.description)
