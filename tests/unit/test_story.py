"""The whole deploy file on a blank fake host: what is done, in which order, and that no secret shows."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from preprod.catalogue import BASE
from preprod.deploys import app
from preprod.deploys.plan import Plan
from preprod.render.templates import ROOT
from unit import given, hosts

NAME = "@fake/blank"
CANARY = "canary-3f9d1c7e"

STORY = [
    "Engine | installed and running",
    "Engine | daemon.json",
    "Engine | Compose plugin",
    "Images | pull",
    "Firewall | rules of published ports",
    "App | secrets",
    "App | volumes",
    "App | files",
    "App | services",
    "App | old secrets",
    "Images | prune",
    "Report | what runs where",
]
UNCHANGED = {"App | old secrets", "Images | prune", "Report | what runs where"}
"""Nothing is left over on a blank host; only what this package built is pruned, and the story's images come from a
registry."""


def pyinfra(inventory: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **hosts.OUTSIDE_GIT, "PREPROD_SECRET_SMTP_PASSWORD": CANARY}
    return subprocess.run(
        [sys.executable, "-m", "pyinfra", str(inventory), "deploy.py", "--json", *flags],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )


def inventory(path: Path, **data: Any) -> Path:
    return hosts.inventory(path / "blank.py", {NAME: hosts.blank()}, app_secrets=["smtp_password"], **data)


def changed(done: subprocess.CompletedProcess[str]) -> dict[str, bool]:
    assert done.returncode == 0, done.stderr
    return {
        operation["name"]: operation["hosts_with_change"] == [NAME] for operation in json.loads(done.stdout)["plan"]
    }


def test_a_dry_run_on_a_blank_host_foresees_the_whole_story(tmp_path: Path) -> None:
    done = pyinfra(inventory(tmp_path), "--dry", "--diff", "--data=firewall=true", "--data=http_port=8081")
    assert changed(done) == {name: name not in UNCHANGED for name in STORY}
    assert "127.0.0.1:8081:8080" in done.stderr, "what is said on the command line has the setting's type"
    assert "will create /srv/preprod/caddy/Caddyfile (mode 0644, owner 0:0)" in done.stderr
    assert "+name: socialize" in done.stderr


def test_package_built_images_are_built_instead_of_pulled_and_the_firewall_is_a_choice(tmp_path: Path) -> None:
    names = changed(pyinfra(inventory(tmp_path, image_source="packages", app_image=None), "--dry"))
    assert names["Images | build"]
    assert names["Images | prune"], "what was built is remembered"
    assert [name for name in STORY if name not in names] == ["Images | pull", "Firewall | rules of published ports"]


def test_no_secret_shows_however_much_is_shown(tmp_path: Path) -> None:
    done = pyinfra(inventory(tmp_path, firewall=True), "--yes", "--diff", "-vvv")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["results"]
    assert {o["name"] for o in results["operations"] if o["success"] != [NAME]} == UNCHANGED
    shown = done.stdout + done.stderr
    assert ">>> sh -euc" in shown
    assert "secret smtp_password: write the supplied value" in shown
    assert CANARY not in shown
    assert base64.b64encode(CANARY.encode()).decode() not in shown


def test_each_service_has_its_turn() -> None:
    of = given.settings()
    plan = SimpleNamespace(chosen=given.chosen(of), steps=given.steps(of), bundle=given.bundle(of))
    stages = {service.name: service.stage for service in app._services(cast(Plan, plan))}
    rest = dict.fromkeys(BASE, "rest")
    assert stages == {**rest, "postgres": "backing", "migrate": "before", "api": "rolled"}
