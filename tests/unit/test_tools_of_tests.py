"""Tools of the world tests and of the benches, where they can be tried without a world."""

from __future__ import annotations

import importlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from preprod.render.templates import ROOT

Tool = Callable[[str], ModuleType]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Tool:
    for folder in ("tests/world", "bench"):
        monkeypatch.syspath_prepend(ROOT / folder)
    return importlib.import_module


def test_archives_that_could_not_all_be_saved_are_not_there(
    tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployments = tool("deployments")
    codes = iter([0, 1, 0, 0])

    def save(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        Path(command[command.index("--output") + 1]).touch()
        return subprocess.CompletedProcess(command, next(codes), "", "no space left on device")

    monkeypatch.setattr(deployments.subprocess, "run", save)
    monkeypatch.setattr(deployments, "held", lambda: {"socialize-preprod/alertmanager:1"})
    folder = tmp_path / "archives"
    with pytest.raises(AssertionError, match="no space left on device"):
        deployments.save_all(folder)
    assert not folder.exists()
    deployments.save_all(folder)
    assert {path.name for path in folder.iterdir()} == {"base.tar", "overlay.tar"}
    assert [path.name for path in tmp_path.iterdir()] == ["archives"]


def test_a_suite_that_takes_too_long_is_quoted(tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tool("package")
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\necho .F\nexec tail -f /dev/null\n")
    slow.chmod(0o755)
    monkeypatch.setattr(package.sys, "executable", str(slow))
    monkeypatch.setattr(package, "VERIFY_SECONDS", 5)
    monkeypatch.setattr(package.Package, "_inventory", lambda self, **data: tmp_path / "hosts.py")
    with pytest.raises(pytest.fail.Exception, match=r"did not end within 5 s; it had said:\n\.F"):
        package.Package(None, {}).verify()


def test_a_reason_that_explains_no_survivor_is_told_when_every_rule_was_tried(
    tool: Tool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mutations = tool("mutations")
    rule = {"alert": "Full", "expr": "up == 0"}
    survivor = mutations.Mutant(mutations.Proven("host", [rule], 0, {}), "label", "job= of up at 0", rule)
    used, idle = ("^Full$", "label job=", "why"), ("^Gone$", "label job=", "why")
    monkeypatch.setattr(mutations, "EQUIVALENT", (used,))
    assert mutations.report([survivor], [survivor], [survivor], whole=True) is None
    monkeypatch.setattr(mutations, "EQUIVALENT", (used, idle))
    assert mutations.report([survivor], [survivor], [survivor], whole=False) is None
    assert mutations.report([survivor], [survivor], [survivor], whole=True) == (
        "1 of 2 reasons explain no survivor: take them out"
    )
    assert "explains no survivor: ^Gone$: label job=" in capsys.readouterr().out
    monkeypatch.setattr(mutations, "EQUIVALENT", (idle,))
    assert mutations.report([survivor], [survivor], [survivor], whole=True) == (
        "1 of 1 mutants survived; 1 of 1 reasons explain no survivor: take them out"
    )
