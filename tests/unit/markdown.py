"""Markdown as the tests read it: headings, code, links and what they lead to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def blocks(text: str, language: str) -> list[str]:
    """Fenced blocks of a language."""
    return [inside for said, inside in _FENCE.findall(text) if said == language]


def prose(text: str) -> str:
    """What is no fenced block."""
    return _FENCE.sub("", text)


def sections(text: str) -> dict[str, str]:
    """Heading of the second level -> what stands below it, fenced blocks included."""
    _, *parts = re.split(r"(?m)^## (.+)\n", text)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def dead_links(page: Path) -> Iterator[str]:
    """Relative links of a page that lead to no file, or to no heading of it."""
    for link in links(prose(page.read_text(encoding="utf-8"))):
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page.resolve()
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            yield link


def links(text: str) -> list[str]:
    """Targets within the repository."""
    found = [first or second for first, second in _LINK.findall(re.sub(r"`[^`\n]*`", "", text))]
    return [link for link in found if not re.match(r"[a-z]+:", link)]


@cache
def _anchors(page: Path) -> frozenset[str]:
    """As GitHub makes them: lower case, spaces to hyphens, nothing else but letters, digits, `-` and `_`."""
    headings = re.findall(r"(?m)^#+ (.+)$", prose(page.read_text(encoding="utf-8")))
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
