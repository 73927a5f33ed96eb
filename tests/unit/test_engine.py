from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from preprod.operations import engine
from preprod.render.daemon import daemon_json
from unit import fakehost
from unit.given import settings

DEFAULTS = {
    "live-restore": True,
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "5"},
}


@pytest.mark.parametrize(
    ("present", "enforced", "merged"),
    [
        ({}, {}, DEFAULTS),
        ({"data-root": "/srv"}, {}, DEFAULTS | {"data-root": "/srv"}),
        ({"live-restore": False}, {}, DEFAULTS | {"live-restore": False}),
        # Options of one log driver may be errors in another: ours go only with ours.
        ({"log-driver": "journald"}, {}, {"live-restore": True, "log-driver": "journald"}),
        ({"log-opts": {"max-size": "1m"}}, {}, DEFAULTS | {"log-opts": {"max-size": "1m", "max-file": "5"}}),
        ({"dns": ["10.0.0.1"], "mtu": 1400}, {"mtu": 1300}, DEFAULTS | {"dns": ["10.0.0.1"], "mtu": 1300}),
        (
            {"runtimes": {"a": {"path": "/a"}}},
            {"runtimes": {"b": {"path": "/b"}}},
            DEFAULTS | {"runtimes": {"a": {"path": "/a"}, "b": {"path": "/b"}}},
        ),
    ],
)
def test_the_operators_file_is_merged(present: dict, enforced: dict, merged: dict) -> None:
    assert json.loads(daemon_json(settings(docker_daemon=enforced), json.dumps(present))) == merged


def test_a_file_that_says_it_all_keeps_its_very_text() -> None:
    once = daemon_json(settings(), "")
    assert daemon_json(settings(), once) == once
    compact = json.dumps(json.loads(once))
    assert daemon_json(settings(), compact) == compact


def look(*lines: str, daemon: str = "") -> dict[str, fakehost.Answer]:
    text = f"daemon {base64.b64encode(daemon.encode()).decode()}"
    return {"engine-look": "\n".join([*lines, text])}


@pytest.mark.parametrize(
    ("lines", "scripts"),
    [
        (["installed yes", "running yes"], []),
        (["installed yes", "systemd yes"], ["engine-start"]),
        (["installed yes", "running yes", "systemd yes", "disabled yes"], ["engine-start"]),
        (["systemd yes"], ["engine-install-distribution", "engine-start"]),
        ([], ["engine-install-distribution", "engine-start"]),
        (["limits fixed"], ["engine-install-distribution", "engine-limits", "engine-start"]),
        (["systemd yes", "limits fixed"], ["engine-install-distribution", "engine-start"]),
    ],
)
def test_an_engine_is_installed_or_started_only_where_it_must(lines: list[str], scripts: list[str]) -> None:
    done = fakehost.run(engine.installed, look(*lines), source="distribution", packages="", key="")
    assert done.scripts() == ["engine-look", *scripts]
    assert done.changes == bool(scripts)


def test_dockers_own_packages_come_with_their_key() -> None:
    done = fakehost.run(engine.installed, look(), source="docker", packages="https://p.example", key="ABC")
    assert done.only("engine-install-docker").arguments == ("https://p.example", "ABC")


@pytest.mark.parametrize(
    ("present", "pending", "scripts"),
    [
        ("new", [], []),
        ("old", [], ["engine-configure", "engine-restart"]),
        # An earlier run died between the file and the restart.
        ("new", ["pending yes"], ["engine-restart"]),
    ],
)
def test_the_daemon_restarts_only_for_a_file_that_differs(present: str, pending: list, scripts: list) -> None:
    done = fakehost.run(engine.configured, look(*pending, daemon=present), text="new")
    assert done.scripts() == ["engine-look", *scripts]
    if "engine-configure" in scripts:
        assert done.only("engine-configure").stdin == "new"


def test_compose_is_uploaded_only_when_it_is_another(tmp_path: Path) -> None:
    binary = tmp_path / "docker-compose"
    binary.write_bytes(b"compose")
    same = look(f"compose {hashlib.sha256(b'compose').hexdigest()}")
    assert fakehost.run(engine.compose_plugin, same, binary=str(binary)).changes is False
    done = fakehost.run(engine.compose_plugin, look("compose 00"), binary=str(binary))
    assert list(done.uploads.values()) == [b"compose"]
    assert done.scripts()[-1] == "engine-compose"
