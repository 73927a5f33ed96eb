"""``docs/runbooks``, generated from the rules and `templates/runbooks`: ``python -m preprod.render.runbooks_page``."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from preprod.render import runbooks
from preprod.render.alerts_page import jobs, whole
from preprod.render.contract_page import CONTRACTS, DOCS
from preprod.render.generated import write_or_check_folder

FOLDER = DOCS / "runbooks"
DEPLOYED = "socialize"
"""The contract of the app that comes with the package: the first of each page."""


def names() -> list[str]:
    """The contracts, that of the package's own app first."""
    return sorted((path.stem for path in CONTRACTS.glob("*.yaml")), key=lambda name: (name != DEPLOYED, name))


def pages() -> dict[str, str]:
    """Name -> text of all pages: every component, every contract.

    :raises LookupError: an alert has no template.
    """
    places = runbooks.Places({name: f"../contracts/{name}.md" for name in names()}, docs="..")
    return runbooks.texts([whole(name) for name in names()], jobs(), places)


def main(arguments: Iterable[str]) -> str | None:
    """Write the pages, or with ``--check`` say in a sentence which are stale."""
    files = {FOLDER / f"{name}.md": text for name, text in pages().items()}
    return write_or_check_folder(DOCS, FOLDER.name, files, "preprod.render.runbooks_page", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
