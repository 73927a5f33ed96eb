"""``docs/dashboards.md``, generated from the dashboards: ``python -m preprod.render.dashboards_page`` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from preprod.render import dashboards
from preprod.render.alerts_page import jobs, whole
from preprod.render.generated import write_or_check
from preprod.render.templates import ROOT, rendered

PAGE = ROOT / "docs" / "dashboards.md"


def page() -> str:
    """The whole page."""
    return rendered("dashboards.md.j2", boards=dashboards.of_host(whole("socialize"), jobs()))


def main(arguments: Iterable[str]) -> str | None:
    """Write the page, or with ``--check`` say in a sentence that it is stale."""
    return write_or_check(PAGE, page(), "preprod.render.dashboards_page", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
