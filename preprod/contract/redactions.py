"""Redactions that every app needs; a contract names them under ``privacy.standard``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from preprod.contract.model import Contract, Redaction

KEPT = "keep"
"""Name of the group that a pattern begins with if something before the secret shall stay: `token=`, `"password": "`.
JSON remains JSON so, and one sees what was removed."""

_FIELD_OF_JSON = r'(?i)(?P<keep>\\*"(?:{names})\\*"\s*:\s*\[?\s*\\*")(?:[^"\\]|\\.)+'
"""The text of a field. Where the JSON is itself text within JSON, its quotes have a backslash: then it ends with the
outer text, not with the field, because how deep they are nested is beyond a regular expression."""

STANDARD: Mapping[str, Redaction] = {
    "email_address": Redaction(
        description="E-mail addresses.",
        pattern=r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
        canaries=("canary.user@canary.example", "c+tag@mail.canary.example"),
    ),
    "authorization": Redaction(
        description="Credentials of the Authorization header.",
        pattern=r"(?i)(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}",
        canaries=("Bearer canary-Token_0123456789", "basic Y2FuYXJ5OmNhbmFyeQ=="),
    ),
    "query_secret": Redaction(
        description="Secrets as parameters of a URL or fields of a form.",
        pattern=r"(?i)(?P<keep>\b(?:[\w.-]*(?:token|password|passwd|secret|signature|api[_-]?key)|code)=)(?:[^&\s\"\\]|\\[^\"])+",
        canaries=(
            "token=canary123",
            "password=canary-Pass!",
            "X-Amz-Signature=canary99",
            "access_token=canary4",
            "api-key=canary5",
        ),
    ),
    "json_secret": Redaction(
        description="Secrets as fields of a JSON text, whether or not its quotes are escaped.",
        pattern=_FIELD_OF_JSON.format(
            names=r"[\w.-]*(?:password|passwd|token|secret|authorization|cookie|api[_-]?key)"
        ),
        canaries=(
            '"password": "canary-Pass"',
            r"{\"token\":\"canary123\"}",
            r'{"new_password":"canary\"with\\quotes"}',
            '"Set-Cookie": ["canary=1"]',
            '"X-Api-Key":"canary-1"',
        ),
    ),
    "card_number": Redaction(
        description="Payment cards: 16 digits, in groups of four or in one; those of American Express have 15.",
        # What follows a point is a fraction; a UUID, too, may be of digits alone.
        pattern=r"(?P<keep>^|[^\w.])(?:[3-6]\d{3}(?:\d{12}|(?: \d{4}){3}|(?:-\d{4}){3})"
        r"|3[47]\d{2}(?:\d{11}| \d{6} \d{5}|-\d{6}-\d{5}))\b",
        canaries=("4111 1111 1111 1111", "5500005555555559", "4111-1111-1111-1111", "3782 822463 10005"),
    ),
    "url_credentials": Redaction(
        description="User and password within a URL.",
        pattern=r"(?P<keep>[a-z][a-z0-9+.-]*://)[^/\s:@]*:[^/\s@]+@",
        canaries=("postgresql://canary:canary-pass@db/app", "redis://:canary-pass@cache/0"),
    ),
}

_OLD_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "client.address": ("http.client_ip", "net.peer.ip", "net.sock.peer.addr"),
    "user_agent.original": ("http.user_agent",),
    "url.full": ("http.url",),
    "url.path": ("http.target",),
    "url.query": ("http.target",),
    "db.query.text": ("db.statement",),
}
"""Attribute -> what OpenTelemetry called it before (https://opentelemetry.io/docs/specs/semconv/non-normative/
http-migration/ and db-migration/); its Python instrumentations still do unless told otherwise."""


def redactions(contract: Contract) -> dict[str, Redaction]:
    """Every redaction of a contract: the standard ones that it names, then its own."""
    return {name: STANDARD[name] for name in contract.privacy.standard} | contract.privacy.redact


def forbidden_attributes(contract: Contract) -> str:
    """Pattern of the whole name of a forbidden attribute, in any spelling, also as a header that was recorded."""
    names = {spelling for name in contract.privacy.forbidden for spelling in (name, *_OLD_SPELLINGS.get(name, ()))}
    return rf"(?i)^(?:http\.(?:request|response)\.header\.)?(?:{_spelled(names)})$"


def forbidden_fields(contract: Contract) -> str:
    """Pattern of the forbidden fields of a line that is a JSON text, with their values."""
    return _FIELD_OF_JSON.format(names=_spelled(contract.privacy.forbidden))


def _spelled(names: Iterable[str]) -> str:
    # Spans have dots, log fields and Prometheus' labels underscores, headers hyphens.
    return "|".join(sorted("[._-]".join(map(re.escape, re.split(r"[._-]", name))) for name in names))
