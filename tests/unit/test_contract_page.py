"""What is generated from contracts for readers and editors, and the verb that writes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from preprod.contract import load, loads, signals
from preprod.render import contract_page
from preprod.render.contract_page import CONTRACTS, duration, expectation, number, page, percent
from preprod.render.emitter import emitter
from preprod.render.observability.redaction import attributes, river
from unit.contracts import GIVEN

PREPROD = Path(sys.executable).with_name("preprod")
SOCIALIZE = CONTRACTS / "socialize.yaml"


def render(*arguments: str | Path, at: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PREPROD, "render", *arguments], cwd=at, capture_output=True, text=True)


def test_the_committed_files_are_fresh() -> None:
    assert contract_page.main(["--check"]) is None


def test_stale_missing_and_left_over_files_are_told_and_mended(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(contract_page, "DOCS", tmp_path)
    contract_page.main([])
    assert contract_page.main(["--check"]) is None
    (tmp_path / "contract.schema.json").unlink()
    (tmp_path / "contracts" / "gone.md").write_text("A contract that is no more.\n")
    (tmp_path / "contracts" / "socialize.md").write_text("Something else.\n")
    names = "docs/contract.schema.json, docs/contracts/gone.md, docs/contracts/socialize.md"
    sentence = f"{names}: stale; run python -m preprod.render.contract_page and commit"
    assert contract_page.main(["--check"]) == sentence
    contract_page.main([])
    assert contract_page.main(["--check"]) is None


@pytest.mark.parametrize("path", sorted(CONTRACTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_page_names_everything_in_the_contract(path: Path) -> None:
    contract = load(path)
    text = page(contract, path.name)
    names = [
        *contract.services,
        *contract.resource,
        *contract.jobs,
        *contract.queues,
        *contract.dependencies,
        *contract.logs.fields,
        *contract.logs.types,
        *contract.privacy.forbidden,
        *(name for signal in signals(contract) for name in (signal.prometheus, *signal.labels)),
    ]
    assert [name for name in names if f"`{name}`" not in text and signals(contract)[0].labels.get(name) is None] == []
    assert all(f"- `{route}`" in text for group in contract.http.groups.values() for route in group.routes)


@pytest.mark.parametrize("path", sorted(CONTRACTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_table_of_the_page_is_whole(path: Path) -> None:
    columns = 0
    for line in page(load(path), path.name).splitlines():
        if line.startswith("|"):
            columns = columns or line.count("|")
            assert line.count("|") == columns, line
            assert line.endswith(" |") or set(line) <= set("|-")
        else:
            columns = 0


def test_expectations_are_in_words() -> None:
    found = {signal.name: signal for signal in signals(load(SOCIALIZE))}
    names = {name: signal.prometheus for name, signal in found.items()}
    said = {name: expectation(signal, names) for name, signal in found.items()}
    assert said["socialize.login.attempts"] == "at least 1 in 1 d"
    assert said["socialize.web_vital.lcp"] == "p75 at most 2.5 s"
    assert said["db.client.connection.count"] == (
        "at most 90 % of `db_client_connection_max` where `db.client.connection.state` is `used`"
    )
    assert said["http.server.active_requests"] == ""


def test_numbers_are_written_as_one_says_them() -> None:
    assert [number(value) for value in (0.005, 10.0, 5e9, 0)] == ["0.005", "10", "5000000000", "0"]
    assert [percent(value) for value in (0.995, 0.001, 1)] == ["99.5 %", "0.1 %", "100 %"]
    assert [duration(seconds) for seconds in (86400, 5400, 90)] == ["1 d", "90 min", "90 s"]


def test_the_verb_writes_page_and_emitter_and_names_them(tmp_path: Path) -> None:
    done = render("--contract", SOCIALIZE, "--out", "new/folder", at=tmp_path)
    named = done.stdout.splitlines()
    assert (done.returncode, named[:2]) == (0, ["new/folder/contract.md", "new/folder/emitter.py"])
    assert {line for line in named[2:] if "/rules/" in line} == {
        "new/folder/prometheus/rules/app.yml",
        "new/folder/prometheus/rules/slo.yml",
    }
    assert {line.rpartition("/")[2] for line in named if "/dashboards/" in line} == {
        f"{uid}.json" for uid in ("api", "usage", "jobs", "slo", "logs")
    }
    assert set(named) == {str(path.relative_to(tmp_path)) for path in tmp_path.glob("new/**/*.*") if path.is_file()}
    assert "new/folder/runbooks/README.md" in named
    contract = load(SOCIALIZE)
    alloy = (tmp_path / "new/folder/alloy/config.alloy").read_text()
    assert all(river(statement) in alloy for statement in attributes(contract))
    assert (tmp_path / "new/folder/contract.md").read_text() == page(contract, "socialize.yaml")
    assert (tmp_path / "new/folder/emitter.py").read_text() == emitter(contract)


def test_the_verb_refuses_a_wrong_contract_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(GIVEN.replace("unit: s\n", "unit: ms\n"))
    done = render("--contract", "shop.yaml", "--out", "out", at=tmp_path)
    sentence = "metrics are in base units, so measure in 's'"
    assert done.returncode == 1
    assert done.stderr == f"preprod: shop.yaml:28: histograms.'shop.basket.duration'.unit is 'ms': {sentence}\n"
    assert not (tmp_path / "out").exists()


def test_the_verb_refuses_a_place_that_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    done = render("--contract", SOCIALIZE, "--out", "out", at=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "preprod: out/contract.md: cannot be written (File exists): name another --out\n"


def test_an_app_without_http_has_a_page_and_an_emitter() -> None:
    contract = loads(GIVEN[: GIVEN.index("http:\n")] + GIVEN[GIVEN.index("counters:\n") :], "shop.yaml")
    assert "## HTTP" not in page(contract, "shop.yaml")
    compile(emitter(contract), "emitter.py", "exec")
