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
