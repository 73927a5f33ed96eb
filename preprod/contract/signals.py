"""What follows from a contract: the metrics and spans that its sections stand for, and their names in Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod

from preprod.contract.model import Contract, Counter, Dependency, Expectation, Gauge, Histogram, Http, OtherSpan
from preprod.contract.names import Instrument, exposed_names, prometheus_name
from preprod.contract.problems import Path

HTTP_DURATION = "http.server.request.duration"
HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Seconds. https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration"""

_SERVER_ATTRIBUTES = (
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "url.scheme",
    "network.protocol.version",
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "_OTHER")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Signal:
    """One metric."""

    name: str
    instrument: Instrument
    kind: str
    unit: str
    description: str
    services: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    series: int
    """Most series that one process makes of it; a histogram counts once, whatever its buckets."""
    max_series: int
    path: Path
    buckets: tuple[float, ...] = ()
    expect: Expectation | None = None

    @property
    def prometheus(self) -> str:
        """The translated name, without a histogram's ``_bucket``, ``_sum``, ``_count``."""
        return prometheus_name(self.name, self.unit, self.instrument)

    @property
    def exposed(self) -> tuple[str, ...]:
        """The names of its series."""
        return exposed_names(self.prometheus, self.instrument)


@dataclass(frozen=True)
class Span:
    """One kind of span."""

    name: str
    """With ``{attribute}`` for the value of one."""
    kind: str
    description: str
    services: tuple[str, ...]
    attributes: tuple[str, ...]
    path: Path
    link: bool = field(default=False)
    """Whether it links to the span that caused it, in a trace of its own."""

    def matches(self, name: str) -> bool:
        """Whether a span of this kind can be called this."""
        parts = PLACEHOLDER.split(self.name)
        pattern = "".join(re.escape(part) if at % 2 == 0 else r"\S+" for at, part in enumerate(parts))
        return re.fullmatch(pattern, name) is not None


def operations(http: Http) -> tuple[str, ...]:
    """Every observed route as ``METHOD /template``, in the order of the contract."""
    return tuple(route for group in http.groups.values() for route in group.routes)


def allowed_values(contract: Contract, values: str | tuple[str, ...]) -> tuple[str, ...]:
    """The allowed values of a label: as listed, or the names of a section."""
    return tuple(getattr(contract, values)) if isinstance(values, str) else values


def signals(contract: Contract) -> tuple[Signal, ...]:
    """Every metric: HTTP first, then those of the three sections."""
    return tuple(_signals(contract))


def _signals(contract: Contract) -> Iterator[Signal]:
    if contract.http:
        yield _http_duration(contract.http)
    instruments: tuple[tuple[str, Instrument, Mapping[str, Counter | Histogram | Gauge]], ...] = (
        ("counters", "counter", contract.counters),
        ("histograms", "histogram", contract.histograms),
        ("gauges", "gauge", contract.gauges),
    )
    for section, instrument, metrics in instruments:
        for name, metric in metrics.items():
            yield _signal(contract, (section, name), instrument, metric)


def _signal(contract: Contract, path: Path, instrument: Instrument, metric: Counter | Histogram | Gauge) -> Signal:
    labels = {label: allowed_values(contract, values) for label, values in metric.labels.items()}
    return Signal(
        name=str(path[-1]),
        instrument=instrument,
        kind=metric.kind,
        unit=metric.unit,
        description=metric.description,
        services=metric.services or tuple(contract.services),
        labels=labels,
        series=prod(map(len, labels.values())),
        max_series=metric.max_series,
        path=path,
        buckets=metric.buckets if isinstance(metric, Histogram) else (),
        expect=metric.expect,
    )


def _http_duration(http: Http) -> Signal:
    routes = operations(http)
    statuses = tuple(str(status) for status in http.statuses)
    labels = {
        "http.request.method": _METHODS,
        "http.route": tuple(dict.fromkeys(route.partition(" ")[2] for route in routes)),
        "http.response.status_code": statuses,
        "url.scheme": ("http", "https"),
        "network.protocol.version": ("1.0", "1.1", "2", "3"),
        # Conventions: the status as text when it is a server error, else absent.
        "error.type": tuple(status for status in statuses if status >= "500"),
    }
    return Signal(
        name=HTTP_DURATION,
        instrument="histogram",
        kind="operational",
        unit="s",
        description="Time to answer a request.",
        services=(http.service,),
        labels=labels,
        # A route stands for its method, a status for its error; one proxy speaks one scheme and version. Requests
        # that match no route have none.
        series=(len(routes) + 1) * len(statuses),
        max_series=http.max_series,
        path=("http",),
        buckets=HTTP_BUCKETS,
    )


def spans(contract: Contract) -> tuple[Span, ...]:
    """Every kind of span; each may carry the common attributes beside its own."""
    return tuple(_spans(contract))


def _spans(contract: Contract) -> Iterator[Span]:
    if contract.http:
        name = "{http.request.method} {http.route}"
        yield Span(name, "server", "A request.", (contract.http.service,), _SERVER_ATTRIBUTES, ("http",))
        unmatched = "{http.request.method}"
        attributes = tuple(name for name in _SERVER_ATTRIBUTES if name != "http.route")
        yield Span(
            unmatched, "server", "A request that no route matches.", (contract.http.service,), attributes, ("http",)
        )
    yield from _queue_spans(contract)
    called: dict[Path, Dependency | OtherSpan] = {
        **{("dependencies", name): dependency for name, dependency in contract.dependencies.items()},
        **{("spans", "others", name): other for name, other in contract.spans.others.items()},
    }
    for path, part in called.items():
        kind = part.kind if isinstance(part, OtherSpan) else "client"
        services = part.services or tuple(contract.services)
        yield Span(part.span, kind, part.description, services, part.attributes, path)


def _queue_spans(contract: Contract) -> Iterator[Span]:
    for name, queue in contract.queues.items():
        attributes = (
            "messaging.system",
            "messaging.destination.name",
            "messaging.operation.name",
            "messaging.operation.type",
            *queue.attributes,
        )
        path: Path = ("queues", name)
        yield Span(f"send {name}", "producer", "Publishes a message.", queue.publishers, attributes, path)
        yield Span(f"process {name}", "consumer", "Works on a message.", queue.consumers, attributes, path, link=True)
