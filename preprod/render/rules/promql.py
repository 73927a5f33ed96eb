"""Parts of PromQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from preprod.contract import Contract, Signal
from preprod.contract.names import label_name

SELECTOR = re.compile(r'([a-zA-Z_:][\w:]*)\{((?:[^{}"]|"(?:\\.|[^"\\])*")*)\}')
"""Metric and matchers, in an expression or alone."""

_MATCHER = re.compile(r'([a-zA-Z_]\w*)(=~|!~|!=|=)("(?:\\.|[^"\\])*")')
_GROUPED = re.compile(r"\bby \(([^()]*)\)")


@dataclass(frozen=True)
class Matcher:
    """What a selector asks of a label."""

    label: str
    sign: str
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.sign}{json.dumps(self.value)}"

    def takes(self, value: str) -> bool:
        """Whether a label with this value is selected."""
        same = bool(re.fullmatch(self.value, value)) if "~" in self.sign else self.value == value
        return same != self.sign.startswith("!")

    @property
    def refused(self) -> str:
        """A value that is not selected."""
        first = re.split(r"[|(]", self.value)[0].replace("\\", "")
        return first if self.sign.startswith("!") else f"not {first}"


def matchers(inside: str) -> list[Matcher]:
    """What stands between the braces of a selector, or of a series."""
    return [Matcher(label, sign, json.loads(value)) for label, sign, value in _MATCHER.findall(inside)]


def selectors(expr: str) -> Iterator[tuple[str, list[Matcher]]]:
    """Every selector of an expression that has braces."""
    return ((metric, matchers(inside)) for metric, inside in SELECTOR.findall(expr))


def grouped(expr: str) -> list[str]:
    """Labels by which an expression's left side is told apart, where it says so."""
    found = _GROUPED.search(expr)
    return [label for label in found[1].split(", ") if label != "le"] if found else []


def matcher(label: str, values: Iterable[str]) -> str:
    """A label that has one of these values."""
    wanted = list(dict.fromkeys(values))
    if len(wanted) == 1:
        return f"{label}={json.dumps(wanted[0])}"
    return f"{label}=~{json.dumps('|'.join(map(re.escape, wanted)))}"


def selector(metric: str, jobs: Iterable[str], where: Mapping[str, str] | None = None) -> str:
    """Series of these jobs; labels by their names in the contract."""
    matchers = [matcher("job", jobs), *(matcher(label_name(name), [value]) for name, value in (where or {}).items())]
    return f"{metric}{{{','.join(matchers)}}}"


def series(metric: str, labels: Mapping[str, str]) -> str:
    """One series, for the tests."""
    return f"{metric}{{{','.join(f'{label_name(name)}={json.dumps(value)}' for name, value in labels.items())}}}"


def first_series(signal: Signal, metric: str, where: Mapping[str, str] | None = None, **more: str) -> str:
    """A series as the first service of a signal emits it."""
    allowed = {label: values[0] for label, values in signal.labels.items()}
    return series(metric, {"job": signal.services[0], "instance": "one", **allowed, **(where or {}), **more})


def alert_name(contract: Contract, name: str, *more: str) -> str:
    """A signal's name as the beginning of an alert's: without the app's own, each word with a capital."""
    words = re.split(r"[._-]", name.removeprefix(f"{contract.application}."))
    return "".join(word[:1].upper() + word[1:] for word in [*words, *(w for m in more for w in re.split(r"[._-]", m))])
