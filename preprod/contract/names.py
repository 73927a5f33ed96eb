"""Names: OpenTelemetry's style, and what Prometheus makes of them."""

from __future__ import annotations

import re
from typing import Literal

Instrument = Literal["counter", "histogram", "gauge"]

_WORD = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
_ATTRIBUTE = re.compile(rf"{_WORD}(?:\.{_WORD})*")
_NAME = re.compile(rf"{_WORD}(?:\.{_WORD})+")
_UNIT = re.compile(r"1|s|By|\{[a-z]+(_[a-z]+)*\}")
_SUFFIXES = {"s": "seconds", "By": "bytes"}

# A word for a unit, and the unit that says it. https://opentelemetry.io/docs/specs/semconv/general/metrics/#units
_UNIT_WORDS = {
    **dict.fromkeys(("seconds", "second", "secs", "sec", "milliseconds", "millis", "ms", "microseconds", "us"), "s"),
    **dict.fromkeys(("minutes", "hours", "days"), "s"),
    **dict.fromkeys(("bytes", "byte", "kilobytes", "kb", "kib", "megabytes", "mb", "mib"), "By"),
    **dict.fromkeys(("ratio", "percent", "percentage"), "1"),
}
_OTHER_UNITS = {
    **dict.fromkeys(("ms", "us", "ns", "min", "h", "d", "seconds", "milliseconds"), "s"),
    **dict.fromkeys(("kBy", "MBy", "GBy", "KiBy", "MiBy", "GiBy", "bytes", "kb", "mb"), "By"),
    "%": "1",
}

# Attributes that carry raw identifiers, people or text from clients: unbounded, and personal data in most laws.
_RAW = frozenset({"client.address", "network.peer.address", "url.full", "url.path", "user_agent.original", "trace_id"})
_RAW_WORDS = frozenset(
    [
        "id",
        "ids",
        "uuid",
        "guid",
        "email",
        "mail",
        "ip",
        "token",
        "session",
        "password",
        "secret",
        "phone",
        "username",
        "query",
        "hostname",
        "fingerprint",
    ]
)


def prometheus_name(name: str, unit: str, instrument: Instrument) -> str:
    """The name after translation by Prometheus' OTLP receiver, strategy `UnderscoreEscapingWithSuffixes`.

    For names and units that `name_fault` and `unit_fault` pass; rules of github.com/prometheus/otlptranslator.
    """
    tokens = [name.replace(".", "_")]
    if unit in _SUFFIXES:
        tokens.append(_SUFFIXES[unit])
    if instrument == "counter":
        tokens.append("total")
    elif instrument == "gauge" and unit == "1":
        tokens.append("ratio")
    return "_".join(tokens)


def exposed_names(name: str, instrument: Instrument) -> tuple[str, ...]:
    """The series names behind a translated name; a (classic) histogram has three."""
    return tuple(f"{name}_{part}" for part in ("bucket", "sum", "count")) if instrument == "histogram" else (name,)


def label_name(attribute: str) -> str:
    """An attribute as a Prometheus label."""
    return attribute.replace(".", "_")


def name_fault(name: str, instrument: Instrument) -> str | None:
    """Why a metric cannot be called this, with the remedy; None when it can."""
    if not _NAME.fullmatch(name):
        return f"is not in OpenTelemetry style: write lower-case words, namespace first, as in '{_restyled(name)}'"
    last = re.split(r"[._]", name)[-1]
    shorter = name[: -len(last) - 1]
    if instrument == "counter" and last == "total":
        return f"ends in '{last}', which Prometheus adds by itself: call it '{shorter}'"
    if last in _UNIT_WORDS:
        return f"spells its unit, which Prometheus adds by itself: call it '{shorter}' with unit: {_UNIT_WORDS[last]}"
    return None


def unit_fault(unit: str) -> str | None:
    """Why this is no unit here, with the remedy; None when it is one."""
    if _UNIT.fullmatch(unit):
        return None
    if unit in _OTHER_UNITS:
        return f"is '{unit}': metrics are in base units, so measure in '{_OTHER_UNITS[unit]}'"
    return f"is '{unit}': write 1, s, By, or what is counted in braces, as in '{{request}}'"


def label_fault(label: str) -> str | None:
    """Why an attribute cannot be a label of a metric, with the remedy; None when it can."""
    if label in _RAW or re.split(r"[._]", label)[-1] in _RAW_WORDS:
        return "is a raw identifier, so every value makes a series: leave it to spans and log fields, or label a class"
    if not _NAME.fullmatch(label):
        return f"is not in OpenTelemetry style: write lower-case words, namespace first, as in '{_restyled(label)}'"
    return None


def attribute_fault(attribute: str) -> str | None:
    """Why a span or resource attribute cannot be called this, with the remedy; None when it can."""
    if _ATTRIBUTE.fullmatch(attribute):
        return None
    return f"is not in OpenTelemetry style: write lower-case words joined by dots, as in '{_restyled(attribute)}'"


def _restyled(name: str) -> str:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    words = [word.strip("_") for word in re.sub(r"[^a-z0-9.]+", "_", snake).split(".")]
    restyled = ".".join(words if len(words) > 1 else ("app", *words))
    return restyled if _NAME.fullmatch(restyled) else "app.things.done"
