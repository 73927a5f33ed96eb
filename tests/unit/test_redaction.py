"""Redaction: the statements as they stand in Alloy's configuration remove every canary, and nothing that is needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import re2

from preprod.contract import load, loads, redactions
from preprod.contract.model import Redaction
from preprod.contract.redactions import forbidden_attributes
from preprod.render.observability import View, alloy, redaction
from preprod.render.templates import ROOT
from unit.given import chosen, settings

SETTINGS = settings(observability=True)
CONTRACT = load(ROOT / SETTINGS.telemetry_contract)
CONFIGURATION = alloy.files(View(SETTINGS, chosen(SETTINGS), CONTRACT))["alloy/config.alloy"].text

BLOCK = re.compile(
    r"\t(\w+)_statements \{\n\t\tcontext    = \"(\w+)\"\n\t\tstatements = \[\n(.*?)\n\t\t\]\n", re.DOTALL
)
STATEMENT = re.compile(r"\t\t\t`(.*)`,")
REPLACE = re.compile(r"replace_(?:all_patterns\((attributes), \"value\"|pattern\(([\w.]+)), (\".*\"), (\".*?\")\)")

WHERE = {
    ("metric", "resource", "attributes"),
    ("metric", "scope", "attributes"),
    ("metric", "datapoint", "attributes"),
    ("trace", "resource", "attributes"),
    ("trace", "scope", "attributes"),
    ("trace", "span", "attributes"),
    ("trace", "span", "name"),
    ("trace", "span", "status.message"),
    ("trace", "spanevent", "attributes"),
    ("trace", "spanevent", "name"),
    ("log", "log", "attributes"),
    ("log", "log", "body"),
}
"""Signal, context and path of everything that may carry text."""

LINE = {
    "timestamp": "2026-11-21T04:54:07.123+00:00",
    "level": "info",
    "log_type": "request",
    "correlation_id": "6f1c2a34-9b7e-4d15-8a0c-3e5d7f9b1c2d",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "span_id": "00f067aa0ba902b7",
    "message": "request served",
    "route": "/api/content-items/{content_item_id}/comments",
    "status": 201,
    "duration_ms": 1234.5678,
    "event_id": "41234567-1234-4123-8123-123456789012",
    "share": 0.4123456789012345,
}


@dataclass(frozen=True)
class Replacement:
    pattern: str
    template: str

    def __call__(self, text: str) -> str:
        """As Go's `ReplaceAllString` does, where a group that is not there is empty."""
        return re2.sub(self.pattern, lambda match: self._expanded(match.groupdict()), text)

    def _expanded(self, groups: dict[str, Any]) -> str:
        return re.sub(r"\$\{(\w+)\}", lambda name: groups.get(name[1]) or "", self.template)


def found(text: str) -> Iterator[tuple[tuple[str, str, str], Replacement]]:
    """(signal, context, path) -> what is replaced there, read from the configuration."""
    for signal, context, statements in BLOCK.findall(text):
        for statement in STATEMENT.findall(statements):
            if match := REPLACE.fullmatch(statement):
                path, pattern, template = match[1] or match[2], json.loads(match[3]), json.loads(match[4])
                # The line's end goes as well, which is no redaction.
                if template:
                    yield (signal, context, path), Replacement(pattern, template)


def applied(where: tuple[str, str, str], text: str) -> str:
    for at, replacement in found(CONFIGURATION):
        if at == where:
            text = replacement(text)
    return text


def secret(redaction: Redaction, canary: str) -> str:
    """What of a canary is the secret: all that its pattern finds and does not keep."""
    match = re2.search(redaction.pattern, canary)
    kept = match.groupdict().get("keep") or ""
    return str(match.group(0).removeprefix(kept))


CANARIES = [
    pytest.param(redaction, canary, id=f"{name}-{at}")
    for name, redaction in redactions(CONTRACT).items()
    for at, canary in enumerate(redaction.canaries)
]


def test_everything_that_may_carry_text_is_redacted() -> None:
    assert {where for where, _ in found(CONFIGURATION)} == WHERE


def test_every_place_has_all_patterns_of_the_contract() -> None:
    expected = [redaction.pattern for redaction in redactions(CONTRACT).values()]
    for place in WHERE:
        patterns = [replacement.pattern for where, replacement in found(CONFIGURATION) if where == place]
        assert patterns[: len(expected)] == expected, place


@pytest.mark.parametrize(("redaction", "canary"), CANARIES)
@pytest.mark.parametrize("where", sorted(WHERE), ids=".".join)
def test_canaries_are_removed_and_the_rest_stays(
    where: tuple[str, str, str], redaction: Redaction, canary: str
) -> None:
    after = applied(where, f"before {canary} after")
    assert secret(redaction, canary) not in after
    assert "[redacted]" in after
    assert after.startswith("before ")


@pytest.mark.parametrize("where", sorted(WHERE), ids=".".join)
def test_what_queries_need_stays(where: tuple[str, str, str]) -> None:
    text = json.dumps(LINE)
    assert applied(where, text) == text


@pytest.mark.parametrize(
    "field",
    [
        {"password": "canary"},
        {"message": "GET /x?token=canary&page=2"},
        {"message": 'sent {"refresh_token": "canary"}'},
        {"headers": {"Set-Cookie": ["session=canary"]}},
        {"title": 'a "canary" in\\quotes', "message": "kept"},
        {"Display-Name": "canary"},
        {"client_address": "canary"},
    ],
)
def test_json_stays_json_without_the_secret(field: dict[str, Any]) -> None:
    after = json.loads(applied(("log", "log", "body"), json.dumps(LINE | field)))
    assert "canary" not in json.dumps(after)
    assert "[redacted]" in json.dumps(after)
    assert {name: after[name] for name in LINE if name not in field} == {
        name: value for name, value in LINE.items() if name not in field
    }


@pytest.mark.parametrize(
    "name",
    [
        *CONTRACT.privacy.forbidden,
        "client_address",
        "User-Agent.Original",
        "http.request.header.cookie",
        "http.url",
        "http.target",
        "db.statement",
        "PASSWORD",
    ],
)
def test_forbidden_attributes_go_in_every_spelling(name: str) -> None:
    assert re2.search(forbidden_attributes(CONTRACT), name)


@pytest.mark.parametrize(
    "name", ["http.route", "http.request.body.size", "url.scheme", "email_sent", "subtitle", *CONTRACT.resource]
)
def test_other_attributes_stay(name: str) -> None:
    assert not re2.search(forbidden_attributes(CONTRACT), name)


def test_deletion_comes_before_lists_are_taken_apart_and_these_before_the_patterns() -> None:
    first, second, third, *_ = redaction.attributes(CONTRACT)
    assert first.startswith('delete_matching_keys(attributes, "')
    assert second == "flatten(attributes)"
    assert third.startswith('replace_all_patterns(attributes, "value", "')


def test_a_pattern_of_an_app_of_its_own_is_used_whatever_quotes_it_has() -> None:
    text = (ROOT / SETTINGS.telemetry_contract).read_text()
    own = "\n  redact:\n    odd: {description: Odd., pattern: 'x[`\"\\\\]+y', canaries: ['x`\"\\y']}\n"
    contract = loads(text.rstrip() + own, "given")
    [statement] = [s for s in redaction.text(contract, "name") if "x[" in s]
    written = redaction.river(statement)
    assert written.startswith('"')
    match = REPLACE.fullmatch(json.loads(written))
    assert match is not None
    assert Replacement(json.loads(match[3]), json.loads(match[4]))('a x`"\\y b') == "a [redacted] b"
