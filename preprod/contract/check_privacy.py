"""Checks of privacy: nothing forbidden is promised, and every redaction does what it is there for."""

from __future__ import annotations

from collections.abc import Iterator

import re2

from preprod.contract.model import Contract, Redaction
from preprod.contract.problems import Path, Problem, Problems
from preprod.contract.redactions import STANDARD
from preprod.contract.signals import signals, spans

_HARMLESS = {
    "a trace id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "a UUID": "6f1c2a34-9b7e-4d15-8a0c-3e5d7f9b1c2d",
    "a UUID of digits alone": "41234567-1234-4123-8123-123456789012",
    "a time": "2026-11-21T04:54:07.123Z",
}
"""What links and queries need; a pattern that finds these would cut logs off from traces."""


def check_privacy(contract: Contract) -> Problems:
    """Every problem of what must not be in telemetry."""
    forbidden = {_plain(name): name for name in contract.privacy.forbidden}
    for path, name in _names(contract):
        if found := forbidden.get(_plain(name)):
            yield Problem(path, f"'{name}' is forbidden (privacy.forbidden lists '{found}'): remove one of the two")
    for name, redaction in contract.privacy.redact.items():
        if name in STANDARD:
            yield Problem(("privacy", "redact", name), "is the name of a standard redaction: choose another")
        yield from _redaction(("privacy", "redact", name), redaction)


def _plain(name: str) -> str:
    # One attribute in the spelling of spans, of log fields, and of Prometheus.
    return name.lower().replace(".", "_").replace("-", "_")


def _names(contract: Contract) -> Iterator[tuple[Path, str]]:
    for name in contract.resource:
        yield ("resource", name), name
    for signal in signals(contract):
        for label in signal.labels:
            yield (*signal.path, "labels", label), label
    for span in spans(contract):
        for attribute in span.attributes:
            yield (*span.path, "attributes"), attribute
    for at, attribute in enumerate(contract.spans.common_attributes):
        yield ("spans", "common_attributes", at), attribute
    for name in contract.logs.fields:
        yield ("logs", "fields", name), name


def _redaction(path: Path, redaction: Redaction) -> Iterator[Problem]:
    compiled, fault = _compiled(redaction.pattern)
    if compiled is None:
        yield Problem(
            (*path, "pattern"),
            f"is no regular expression of RE2 ({fault}): RE2 has no look-around and no back-references, write without",
        )
        return
    if compiled.search(""):
        yield Problem((*path, "pattern"), "matches the empty text, so it would redact everywhere: demand a character")
        return
    for what, text in _HARMLESS.items():
        if compiled.search(text):
            yield Problem((*path, "pattern"), f"finds {what} ('{text}'), which queries need: make it narrower")
    yield from _canaries(path, compiled, redaction)


def _canaries(path: Path, compiled: re2._Regexp[str], redaction: Redaction) -> Iterator[Problem]:
    if not redaction.canaries:
        yield Problem((*path, "canaries"), "are empty, so nothing shows that the pattern works: invent an example")
    for at, canary in enumerate(redaction.canaries):
        if not compiled.search(canary):
            yield Problem((*path, "canaries", at), "is not found by its own pattern: mend the pattern or the canary")


def _compiled(pattern: str) -> tuple[re2._Regexp[str] | None, str]:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options), ""
    except re2.error as error:
        reason = error.args[0]
        return None, reason.decode() if isinstance(reason, bytes) else str(reason)
