"""No link between the pages of the repository is dead."""

from __future__ import annotations

from pathlib import Path

import pytest

from preprod.render.templates import ROOT
from unit.markdown import dead_links, links

PAGES = sorted({ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert list(dead_links(page)) == []


def test_links_to_no_file_and_to_no_heading_are_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# One `two`: three_four\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](there.md) [`b`](there.md#one-two-three_four) [c](#here) [d](https://example.org/x) "
        "`[e](code.md)`\n![f](picture.png) [g](there.md#three) [h](gone.md#here)\n```sh\n[i](in-code.md)\n```\n"
    )
    assert list(dead_links(page)) == ["picture.png", "there.md#three", "gone.md#here"]


def test_the_pages_link_to_each_other() -> None:
    assert len({link for page in PAGES for link in links(page.read_text())}) > 100
