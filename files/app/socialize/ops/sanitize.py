"""Texts and links of others, made fit to be shown: they may carry what an attacker has put into a label."""

import re
import unicodedata
from urllib.parse import urlsplit

REMOVED = "[removed]"

_PRIVATE = re.compile(
    r"""(?ix)
    (?<![\w.-]) [\w.-]*                                                # db_password, X-Api-Key
        (?:authorization|password|passwd|secret|token|(?:api|access|private|secret)[_-]?key)\b
        ["']? \s* [=:] \s* (?:bearer\s+|basic\s+)? \S+
    | \b bearer (?:\s+token\b)? [\s:=]+ \S+
    | \b basic \s+ (?-i: (?=\S*[\d=] | \S+[A-Z])) \S{4,}                 # not: basic authentication
    | (?<=://) [^\s/@]+ (?=@)                                           # credentials in an address
    | [\w.+-]+ @ [\w-]+ (?:\.[\w-]+)+                                   # e-mail
    | \b[0-9a-f]{8} - [0-9a-f]{4} - [0-9a-f]{4} - [0-9a-f]{4} - [0-9a-f]{12}\b
    | \b[0-9a-f]{16,}\b                                                 # ids of traces, spans, containers
    | \b[\w-]{40,}\b                                                    # tokens
    """
)
_ADDRESS = re.compile(r"[!-~]+")


def text(given: str, limit: int) -> str:
    """One line without control characters, ids and secrets.

    Args:
        given: text from elsewhere.
        limit: most characters; what is longer ends in an ellipsis.
    """
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in given[: 4 * limit])
    # Format characters: invisible, and some turn the direction of all that follows.
    plain = "".join(c for c in visible if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn"))
    safe = _PRIVATE.sub(REMOVED, " ".join(plain.split()))
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def link(given: str) -> str | None:
    """The address if it is http or https without credentials, or a path of this origin; else None.

    A relative path is no link: it would lead below the page that shows it.
    """
    if not _ADDRESS.fullmatch(given) or "\\" in given:
        return None
    try:
        parts = urlsplit(given)
    except ValueError:
        return None
    if parts.scheme in ("http", "https"):
        return given if parts.hostname and "@" not in parts.netloc else None
    return given if given.startswith("/") and not given.startswith("//") else None
