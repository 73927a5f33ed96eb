"""The generated table of services."""

from __future__ import annotations

import re

from preprod.catalogue import CATALOGUE
from preprod.render import services_page


def test_the_committed_page_is_fresh() -> None:
    assert services_page.main(["--check"]) is None


def test_every_component_has_one_row_with_every_column() -> None:
    rows = re.findall(r"^\| ([a-z-]+) \| .*$", services_page.page(), re.MULTILINE)
    assert rows == list(CATALOGUE)
    assert {
        line.replace("\\|", "").count("|") for line in services_page.page().splitlines() if line.startswith("| ")
    } == {10}
