"""Redactions that every app needs; a contract names them under ``privacy.standard``."""

from __future__ import annotations

from collections.abc import Mapping

from preprod.contract.model import Contract, Redaction

STANDARD: Mapping[str, Redaction] = {
    "email_address": Redaction(
        description="E-mail addresses.",
        pattern=r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
        canaries=("canary.user@canary.example", "c+tag@mail.canary.example"),
    ),
    "authorization": Redaction(
        description="Credentials of the Authorization header.",
        pattern=r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}",
        canaries=("Bearer canary-Token_0123456789", "basic Y2FuYXJ5OmNhbmFyeQ=="),
    ),
    "query_secret": Redaction(
        description="Secrets as parameters of a URL or fields of a form.",
        pattern=r"(?i)\b(?:token|password|secret|code|signature|api_key)=[^&\s\"]+",
        canaries=("token=canary123", "password=canary-Pass!", "X-Amz-Signature=canary99"),
    ),
    "json_secret": Redaction(
        description="Secrets as fields of a JSON text, whether or not its quotes are escaped.",
        pattern=r'(?i)\\?"(?:password|token|secret|authorization|cookie|api_key)\\?"\s*:\s*\\?"[^"\\]*\\?"',
        canaries=('"password": "canary-Pass"', r"{\"token\":\"canary123\"}"),
    ),
    "card_number": Redaction(
        description="Payment cards: 16 digits, in groups of four or in one.",
        pattern=r"\b[3-6]\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}\b",
        canaries=("4111 1111 1111 1111", "5500005555555559"),
    ),
    "url_credentials": Redaction(
        description="User and password within a URL.",
        pattern=r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@",
        canaries=("postgresql://canary:canary-pass@db/app", "redis://:canary-pass@cache/0"),
    ),
}


def redactions(contract: Contract) -> dict[str, Redaction]:
    """Every redaction of a contract: the standard ones that it names, then its own."""
    return {name: STANDARD[name] for name in contract.privacy.standard} | contract.privacy.redact
