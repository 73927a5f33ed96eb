"""A changed objective changes what depends on it, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from preprod.contract import Contract, load
from preprod.render.contract_page import CONTRACTS
from preprod.render.observability import prometheus
from preprod.render.observability.view import View
from unit.given import chosen, settings

SOCIALIZE = CONTRACTS / "socialize.yaml"


def files(contract: Contract) -> dict[str, str]:
    of = settings(observability=True)
    return {path: file.text for path, file in prometheus.files(View(of, chosen(of), contract)).items()}


def changed(folder: Path, **slo: Any) -> Contract:
    """The contract with another objective of the route group `read`."""
    given = yaml.safe_load(SOCIALIZE.read_text())
    given["http"]["groups"]["read"]["slo"] |= slo
    (folder / "socialize.yaml").write_text(yaml.safe_dump(given, sort_keys=False))
    return load(folder / "socialize.yaml")


def rules(text: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = yaml.safe_load(text)["groups"][0]["rules"]
    return made


def differing(
    before: dict[str, str], after: dict[str, str]
) -> tuple[set[str], list[tuple[dict[str, Any], dict[str, Any]]]]:
    """Files that differ, and rules that do, before and after."""
    assert before.keys() == after.keys()
    paths = {path for path in before if before[path] != after[path]}
    pairs = [
        pair
        for path in paths
        if "/rules/" in path
        for pair in zip(rules(before[path]), rules(after[path]), strict=True)
    ]
    return paths, [(old, new) for old, new in pairs if old != new]


CHANGES = {
    "availability": (
        {"availability": 0.99},
        {"slo-1h", "slo-6h"},
        {"HttpErrorBudgetFastBurn": ("> 0.072 ", "> 0.144 "), "HttpErrorBudgetSlowBurn": ("> 0.03 ", "> 0.06 ")},
        ("99.5 %", "99 %"),
    ),
    "latency": (
        {"latency": {"quantile": 0.95, "seconds": 0.5}},
        {"http"},
        {"HttpLatencyHigh": ("> 0.25 ", "> 0.5 "), "HttpRouteSlow": ("> 0.25 ", "> 0.5 ")},
        ("within 0.25 s", "within 0.5 s"),
    ),
}
"""Objective -> change, subjects that it is told in, alerts with their thresholds, and what their texts say."""


@pytest.mark.parametrize("objective", CHANGES)
def test_an_objective_changes_the_alerts_of_its_group_and_nothing_else(objective: str, tmp_path: Path) -> None:
    slo, subjects, alerts, told = CHANGES[objective]
    paths, pairs = differing(files(load(SOCIALIZE)), files(changed(tmp_path, **slo)))
    assert {path.split("/")[-1].removesuffix(".yml") for path in paths if "/rules/" in path} == subjects
    assert {path.split("/")[1] for path in paths} == {"rules", "tests"}
    recorded = [(old["expr"], new["expr"]) for old, new in pairs if "record" in new]
    assert recorded == ([("vector(0.995)", "vector(0.99)")] if objective == "availability" else [])
    firing = [(old, new) for old, new in pairs if "alert" in new]
    assert sorted(new["alert"] for _, new in firing) == sorted(alerts)
    for old, new in firing:
        assert {key for key in old if old[key] != new[key]} == {"expr", "annotations"}
        assert new["expr"] == old["expr"].replace(*alerts[new["alert"]]) != old["expr"]
        notes = old["annotations"]
        assert new["annotations"] == {**notes, "description": notes["description"].replace(*told)} != notes
        assert new["labels"]["route_group"] == "read"


@pytest.mark.parametrize("objective", CHANGES)
def test_only_the_tests_of_these_alerts_change(objective: str, tmp_path: Path) -> None:
    slo, _, alerts, _ = CHANGES[objective]
    before, after = files(load(SOCIALIZE)), files(changed(tmp_path, **slo))
    for path in (path for path in differing(before, after)[0] if "/tests/" in path):
        pairs = zip(*(yaml.safe_load(texts[path])["tests"] for texts in (before, after)), strict=True)
        names = [old["name"] for old, new in pairs if old != new]
        assert names
        assert [name for name in names if not any(alert in name for alert in alerts)] == []
