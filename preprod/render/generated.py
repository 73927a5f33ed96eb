"""Pages that are generated and committed: written, or said to be stale."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from preprod.render.templates import ROOT


def write_or_check(page: Path, text: str, module: str, arguments: Iterable[str]) -> str | None:
    """Write a page, or with ``--check`` say in a sentence that it is stale.

    :param module: what writes it, for the sentence.
    """
    if "--check" not in arguments:
        page.write_text(text, encoding="utf-8")
    elif not page.exists() or page.read_text(encoding="utf-8") != text:
        place = page.relative_to(ROOT) if page.is_relative_to(ROOT) else page.name
        return f"{place} is stale: run python -m {module} and commit the page"
    return None
