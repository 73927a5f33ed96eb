"""The emitter of a contract: a stand-alone program that sends every signal, normal or broken as one asks.

The program is dumb; what it sends is decided here.
"""

from __future__ import annotations

import itertools
import pprint
from collections.abc import Mapping
from math import floor
from typing import Any, TypedDict

from preprod.contract import Contract, Signal, signals, spans
from preprod.contract.model import Expectation, Http
from preprod.contract.signals import HTTP_BUCKETS, Span
from preprod.render.templates import rendered

SDK = "1.45.2"
"""Version of the OpenTelemetry SDK and exporter that an emitter asks for."""

_GAUGE = {"1": 0.5, "s": 1.0}
_OTHER_GAUGE = 10.0
"""What a gauge shows when nothing is expected of it."""

_SAMPLES: Mapping[str, str | int] = {
    "db.system.name": "postgresql",
    "db.operation.name": "SELECT",
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "network.protocol.version": "1.1",
    "url.scheme": "http",
    "server.port": 443,
    "gen_ai.usage.input_tokens": 300,
    "gen_ai.usage.output_tokens": 100,
}
_ANY = "example"


class Series(TypedDict):
    """One series: what an event adds, records or sets."""

    attributes: dict[str, str]
    normal: float
    broken: float
    paced: bool
    """Whether the values are per second; else they are per event."""


def emitter(contract: Contract) -> str:
    """The program's text."""
    text = pprint.pformat(plan(contract), width=110, sort_dicts=False)
    return rendered("contract/emitter.py.j2", contract=contract, sdk=SDK, plan=text, buckets=list(HTTP_BUCKETS))


def plan(contract: Contract) -> dict[str, Any]:
    """What the emitter sends, as plain data."""
    found = signals(contract)
    return {
        "services": list(contract.services),
        "resource": list(contract.resource),
        "http": _http(contract.http) if contract.http else None,
        "metrics": [_metric(signal, found) for signal in found if signal.path != ("http",)],
        "spans": [_span(contract, span, found) for span in spans(contract) if span.path != ("http",)],
        "common_attributes": [name for name in contract.spans.common_attributes if name != "error.type"],
        "logs": {log_type: _line(contract, log_type) for log_type in contract.logs.types},
    }


def _http(http: Http) -> dict[str, Any]:
    groups = [(group.slo.latency.seconds, route) for group in http.groups.values() for route in group.routes]
    return {
        "service": http.service,
        "status": min(http.statuses, key=lambda status: (status >= 300, status)),
        "error": max(http.statuses),
        # Half of the objective meets it, twice misses it.
        "operations": [(*route.split(" ", 1), seconds / 2, seconds * 2) for seconds, route in groups],
    }


def _metric(signal: Signal, found: tuple[Signal, ...]) -> dict[str, Any]:
    return {
        "name": signal.name,
        "instrument": signal.instrument,
        "unit": signal.unit,
        "description": signal.description,
        "services": list(signal.services),
        "buckets": list(signal.buckets),
        "breakable": signal.kind == "failure" or signal.expect is not None,
        "series": _series(signal, {other.name: other for other in found}),
    }


def _series(signal: Signal, known: Mapping[str, Signal]) -> list[Series]:
    combinations = [
        dict(zip(signal.labels, values, strict=True)) for values in itertools.product(*signal.labels.values())
    ]
    where = signal.expect.where if signal.expect else {}
    chosen = [where.items() <= attributes.items() for attributes in combinations]
    made: list[Series] = []
    for attributes, matches in zip(combinations, chosen, strict=True):
        normal, broken, paced = _amounts(signal, matches, sum(chosen), known)
        made.append({"attributes": attributes, "normal": normal, "broken": broken, "paced": paced})
    return made


def _amounts(signal: Signal, matches: bool, share: int, known: Mapping[str, Signal]) -> tuple[float, float, bool]:
    """What is normal, what is broken, and whether these are per second.

    :param matches: whether the series is one that the expectation is about.
    :param share: how many of them there are.
    """
    if signal.instrument == "counter":
        return _counted(signal, matches, share)
    expect = signal.expect
    rest = signal.buckets[len(signal.buckets) // 2] if signal.buckets else _GAUGE.get(signal.unit, _OTHER_GAUGE)
    if expect is None or not matches:
        return rest, rest, False
    full = _GAUGE.get(known[expect.of].unit, _OTHER_GAUGE) if expect.of else 1.0
    if expect.at_most is not None:
        return expect.at_most / 2 * full, (expect.at_most * 2 or 1.0) * full, False
    return (expect.at_least or 0) * 2 * full, (expect.at_least or 0) / 2 * full, False


def _counted(signal: Signal, matches: bool, share: int) -> tuple[float, float, bool]:
    expect = signal.expect
    if expect is None:
        return (0.0, 1.0, False) if signal.kind == "failure" else (1.0, 1.0, False)
    if expect.of == signal.name:
        return _ratio(expect, matches)
    if not matches:
        return (0.0, 0.0, False) if signal.kind == "failure" else (1.0, 1.0, False)
    if expect.at_most is None:
        return 1.0, 0.0, False
    if signal.kind != "operational" or expect.of or not expect.at_most:
        return 0.0, floor(expect.at_most) + 1.0, False
    per_second = expect.at_most / (expect.per_seconds or 1) / share
    return per_second / 2, per_second * 4, True


def _ratio(expect: Expectation, matches: bool) -> tuple[float, float, bool]:
    # Nine to one, whichever way is normal.
    many_when_normal = (expect.at_most is None) == matches
    return (9.0, 1.0, False) if many_when_normal else (1.0, 9.0, False)


def _span(contract: Contract, span: Span, found: tuple[Signal, ...]) -> dict[str, Any]:
    known = {label: values[0] for signal in found for label, values in signal.labels.items()}
    samples = {**known, **_SAMPLES, **_particular(contract, span)}
    attributes = {name: samples.get(name, _ANY) for name in span.attributes if name != "error.type"}
    name = span.name
    for attribute, value in attributes.items():
        name = name.replace(f"{{{attribute}}}", str(value))
    return {
        "name": name,
        "kind": span.kind.upper(),
        "services": list(span.services),
        "attributes": attributes,
        "link": span.link,
    }


def _particular(contract: Contract, span: Span) -> dict[str, str]:
    section, name = span.path[0], str(span.path[-1])
    if section == "dependencies":
        return {"server.address": name}
    if section == "queues":
        operation = span.name.split()[0]
        return {
            "messaging.system": contract.queues[name].system,
            "messaging.destination.name": name,
            "messaging.operation.name": operation,
            "messaging.operation.type": operation,
        }
    return {}


def _line(contract: Contract, log_type: str) -> dict[str, str | int | float]:
    blank: Mapping[str, str | int | float] = {"string": _ANY, "integer": 1, "number": 0.5}
    line = {
        name: field.values[0] if field.values else blank[field.type]
        for name, field in contract.logs.fields.items()
        if not field.types or log_type in field.types
    }
    return line | {"log_type": log_type, "level": "info", "message": f"an emitted line of type {log_type}"}
