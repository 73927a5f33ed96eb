"""Log fields, forbidden names and redactions of a telemetry contract."""

from __future__ import annotations

import pytest

from preprod.contract import loads, redactions
from preprod.contract.check_privacy import _HARMLESS, _redaction
from preprod.contract.model import StandardRedaction
from preprod.contract.redactions import STANDARD
from unit.contracts import GIVEN, Wrong, refusal_of

REFUSED: dict[str, Wrong] = {
    "a forbidden field in log lines": (
        "    message: {",
        "    password: {description: No.}\n    message: {",
        ["47: logs.fields.password 'password' is forbidden (privacy.forbidden lists 'password'): remove one of the "
         "two"],
    ),
    "a forbidden attribute in another spelling": (
        "attributes: [server.address]",
        "attributes: [bank.pin]",
        ["40: dependencies.bank.attributes 'bank.pin' is forbidden (privacy.forbidden lists 'bank_pin'): remove one of "
         "the two"],
    ),
    "a log field that every line needs": (
        "    level: {description: Severity., required: true}\n",
        "",
        ["43: logs.fields lack 'level', which every line needs: add it"],
    ),
    "a pattern that looks ahead": (
        "'V-[0-9]{8}'",
        "'V-(?=0)[0-9]{8}'",
        ["53: privacy.redact.voucher.pattern is no regular expression of RE2 (invalid perl operator: (?=): RE2 has no "
         "look-around and no back-references, write without"],
    ),
    "a pattern that refers back": (
        "'V-[0-9]{8}'",
        r"'V-([0-9])\1'",
        [r"53: privacy.redact.voucher.pattern is no regular expression of RE2 (invalid escape sequence: \1): RE2 has "
         "no look-around and no back-references, write without"],
    ),
    "a canary that is not found": (
        "[V-00000000]",
        "[V-00000000, V-1]",
        ["53: privacy.redact.voucher.canaries[1] is not found by its own pattern: mend the pattern or the canary"],
    ),
    "a pattern that matches nothing at all": (
        "'V-[0-9]{8}'",
        "'(V-[0-9]{8})*'",
        ["53: privacy.redact.voucher.pattern matches the empty text, so it would redact everywhere: demand a "
         "character"],
    ),
    "a pattern that would cut logs off from traces": (
        "'V-[0-9]{8}'",
        "'[0-9a-fA-F]{32}|V-[0-9]{8}'",
        ["53: privacy.redact.voucher.pattern finds a trace id ('4bf92f3577b34da6a3ce929d0e0e4736'), which queries "
         "need: make it narrower"],
    ),
    "a field that may be missing": (
        "level: {description: Severity., required: true}",
        "level: {description: Severity.}",
        ["45: logs.fields.level must be on every line: add required: true"],
    ),
    "a log type that is not there": (
        "    message: {",
        "    action: {description: What., types: [audit]}\n    message: {",
        ["47: logs.fields.action.types names the log type 'audit': use one of app"],
    ),
    "a name that is taken": (
        "    voucher: {",
        "    card_number: {",
        ["53: privacy.redact.card_number is the name of a standard redaction: choose another"],
    ),
    "a pattern without a canary": (
        "canaries: [V-00000000]",
        "canaries: []",
        ["53: privacy.redact.voucher.canaries are empty, so nothing shows that the pattern works: invent an example"],
    ),
    "a standard redaction that is not there": (
        "[email_address]",
        "[email]",
        ["51: privacy.standard[0] is 'email': Input should be 'email_address', 'authorization', 'query_secret', "
         "'json_secret', 'card_number' or 'url_credentials'"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED)
def test_a_wrong_contract_is_told_file_line_field_and_remedy(wrong: Wrong) -> None:
    assert refusal_of(wrong) == wrong[2]


@pytest.mark.parametrize("name", STANDARD)
def test_a_standard_redaction_passes_the_checks_of_an_own_one(name: str) -> None:
    assert list(_redaction((name,), STANDARD[name])) == []


def test_the_format_names_every_standard_redaction() -> None:
    assert list(StandardRedaction.__args__) == list(STANDARD)
    assert set(_HARMLESS) == {"a trace id", "a UUID", "a UUID of digits alone", "a time"}


def test_own_redactions_come_after_the_standard_ones() -> None:
    assert list(redactions(loads(GIVEN, "given"))) == ["email_address", "voucher"]
