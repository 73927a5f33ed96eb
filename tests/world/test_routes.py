"""What Alertmanager's own tool says of the files made for it: the check that the image runs before promotion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import WorldError
from harness.commands import docker
from watching import best, watchers

from preprod.contract import load as contract_of
from preprod.render.observability import View, alertmanager
from preprod.render.recipes import choose
from preprod.render.templates import ROOT
from preprod.settings import load

MAIL = {"kind": "email", "to": ["ops@example.org"], "mail_from": "preprod@example.org", "smarthost": "mail:587"}
EVERY_KIND: dict[str, Any] = {
    "mail": {**MAIL, "user": "me", "severities": ["critical", "warning", "info"]},
    "chat": {"kind": "slack", "channel": "#ops", "owners": ["ops"]},
    "phone": {"kind": "telegram", "chat_id": -100, "owners": ["ops", "night.shift"], "severities": ["critical"]},
    "night": {"kind": "pagerduty", "components": ["host", "app"], "severities": ["critical"]},
    "hook": {"kind": "webhook", "owners": ["ops"], "components": ["containers"], "severities": ["info"]},
}


def checked(folder: Path, was: str = "", becomes: str = "", **receivers: Any) -> str:
    """What the check says of the files for these receivers, with one text in them replaced."""
    assert "alertmanager" in watchers(), "deploy inventory/local.py first: it builds the overlay's images"
    of = load(
        {
            "app_image": "socialize:1",
            "observability": True,
            "alert_receivers": receivers,
            "dead_mans_switch": bool(receivers),
        }
    )
    made = alertmanager.files(View(of, choose(of, had=()), contract_of(ROOT / of.telemetry_contract)))
    replaced = 0
    for path, file in made.items():
        (folder / Path(path).name).write_text(file.text.replace(was, becomes, 1) if was else file.text)
        replaced += bool(was) and was in file.text
    assert replaced == bool(was)
    mounted = f"{folder}:/etc/alertmanager:ro"
    image = best("alertmanager").reference
    return docker(
        *("run", "--rm", "--network", "none", "--user", "0", "-v", mounted),
        *("--entrypoint", "sh", image, "-c", "sh /etc/alertmanager/check.sh 2>&1"),
    )


@pytest.mark.parametrize("receivers", [{}, EVERY_KIND], ids=["nobody", "every kind"])
def test_every_alert_reaches_those_who_ask_for_it(tmp_path: Path, receivers: dict[str, Any]) -> None:
    said = checked(tmp_path, **receivers)
    assert "SUCCESS" in said
    # What was tried: severities by owners (and one that nobody names) by components, and the dead man's switch.
    tried = len((tmp_path / "routes.txt").read_text().splitlines())
    assert tried == (3 * 3 * 4 + 1 if receivers else 3 * 2 * 1 + 1)


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ("mail,chat,phone,night ", "mail,chat,phone ", "are to reach mail,chat,phone"),
        ("    continue: true\n", "", "are to reach"),
        ('define "preprod.title"', 'define "preprod.headline"', 'template "preprod.title" not defined'),
        ("{{ end }}", "", "unexpected <define>"),
    ],
    ids=["route", "continue", "name", "syntax"],
)
def test_what_is_wrong_is_found(tmp_path: Path, was: str, becomes: str, why: str) -> None:
    with pytest.raises(WorldError, match=why):
        checked(tmp_path, was, becomes, **EVERY_KIND)
