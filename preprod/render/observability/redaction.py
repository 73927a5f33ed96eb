"""Redaction as Alloy does it: statements of OpenTelemetry's transformation language (OTTL), made from the contract.

One list for all signals: attributes that are forbidden by name go, and the patterns go over every text. Not reached
are attributes of span links and of exemplars, which the language has no names for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from preprod.contract import Contract, redactions
from preprod.contract.redactions import KEPT, forbidden_attributes, forbidden_fields

_REPLACEMENT = f"${{{KEPT}}}[redacted]"
"""A group that a pattern does not have is empty (Go's `Regexp.Expand`)."""


def attributes(contract: Contract) -> list[str]:
    """Statements for any context that has attributes."""
    forbidden = f"delete_matching_keys(attributes, {_quoted(forbidden_attributes(contract))})"
    # Lists and maps become single attributes, whose texts the patterns then reach.
    return [forbidden, "flatten(attributes)", *_patterns(contract, "attributes")]


def text(contract: Contract, *paths: str) -> list[str]:
    """Statements for single texts of a context, as `name` or `status.message`."""
    return [statement for path in paths for statement in _patterns(contract, path)]


def line(contract: Contract) -> list[str]:
    """Statements for a log line: the patterns, and the forbidden fields should it be JSON."""
    return [*_patterns(contract, "body"), _replace("body", forbidden_fields(contract))]


def river(statement: str) -> str:
    """A string of Alloy's configuration language: raw where that is possible, so that it can be read."""
    return json.dumps(statement, ensure_ascii=False) if "`" in statement else f"`{statement}`"


def _patterns(contract: Contract, path: str) -> Iterator[str]:
    for redaction in redactions(contract).values():
        yield _replace(path, redaction.pattern)


def _replace(path: str, pattern: str) -> str:
    given = f"{_quoted(pattern)}, {_quoted(_REPLACEMENT)}"
    if path == "attributes":
        return f'replace_all_patterns(attributes, "value", {given})'
    return f"replace_pattern({path}, {given})"


def _quoted(value: str) -> str:
    # Strings of OTTL are quoted as in Go, which JSON's are for every character of a pattern.
    return json.dumps(value, ensure_ascii=False)
