"""The manual's last section tells what to do about each thing that a run leaves outside of its own directories."""

from __future__ import annotations

import re

import pytest

from preprod.facts import shell
from preprod.paths import COMPOSE_PLUGIN
from preprod.render.daemon import DEFAULTS
from preprod.render.firewall import SCRIPT
from preprod.render.templates import ROOT

SECTION = (ROOT / "docs" / "operations.md").read_text().partition("\n## Remove everything\n")[2]
WRITTEN = re.findall(
    r"(?:>>?|install .*asc\"|file=) ?(/etc/[\w./-]+)",
    "\n".join(path.read_text() for path in shell._SCRIPTS.glob("engine-*.sh")),
)


def test_the_firewall_goes_by_its_setting_and_first() -> None:
    before, _, _ = SECTION.partition("```sh")
    assert re.search(r"`firewall = True`.*`False`.*`preprod apply`", before, re.DOTALL)


@pytest.mark.parametrize("left", sorted({SCRIPT, COMPOSE_PLUGIN, *WRITTEN, *DEFAULTS}))
def test_what_a_run_leaves_is_named(left: str) -> None:
    assert f"`{left}`" in SECTION


def test_the_files_are_those_of_the_engine() -> None:
    assert set(WRITTEN) == {
        "/etc/apt/keyrings/docker.asc",
        "/etc/apt/sources.list.d/docker.sources",
        "/etc/default/docker",
        "/etc/docker/daemon.json",
    }
