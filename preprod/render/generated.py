"""Pages that are generated and committed: written, or said to be stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def write_or_check_folder(
    docs: Path, folder: str, files: Mapping[Path, str], module: str, arguments: Iterable[str]
) -> str | None:
    """Write pages and remove what else is in their folder, or with ``--check`` say in a sentence which are stale.

    :param docs: the root of all pages.
    :param folder: name below it; it holds nothing but these.
    :param files: path -> text; some may lie elsewhere below the root.
    :param module: what writes them, for the sentence.
    """
    found = {*(docs / folder).glob("*.md"), *(path for path in files if path.exists())}
    stale = [path for path in sorted({*found, *files}) if path not in found or files.get(path) != path.read_text()]
    if "--check" in arguments:
        names = ", ".join(f"docs/{path.relative_to(docs)}" for path in stale)
        return f"{names}: stale; run python -m {module} and commit" if stale else None
    for path in stale:
        _write(path, files.get(path))
    return None


def _write(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
