"""What Prometheus' own tool says of every rule that can be made: lint, and the rules' own tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import WorldError
from harness.commands import docker
from watching import best

from preprod.render import rules
from preprod.render.alerts_page import jobs, whole
from preprod.render.contract_page import CONTRACTS

OTHERS = sorted(path.stem for path in CONTRACTS.glob("*.yaml") if path.stem != "socialize")
CHECK = "promtool check rules --lint=all --lint-fatal rules/*.yml && promtool test rules tests/*.yml"


def written(folder: Path, contract: str, *, host: bool = False, **settings: object) -> None:
    """The files of a contract; of a host with every component as well."""
    watched = whole(contract, **settings)
    made = rules.of_host(watched, jobs()) if host else rules.of_contract(watched)
    for kind, texts in zip(("rules", "tests"), rules.texts(made, watched), strict=True):
        (folder / kind).mkdir()
        for name, text in texts.items():
            (folder / kind / f"{name}.yml").write_text(text)


def checked(folder: Path) -> str:
    """What promtool says; WorldError, with its words, if it is not content."""
    volumes = ("--user", "0", "--volume", f"{folder}:/rules:ro", "--workdir", "/rules", "--network", "none")
    image = best("prometheus").reference
    return docker("run", "--rm", *volumes, "--entrypoint", "sh", image, "-c", f"({CHECK}) 2>&1")


@pytest.mark.parametrize(
    "settings", [{}, {"alert_time_scale": 0.01, "scrape_interval": 5}], ids=["as they are", "shortened for a trial"]
)
def test_those_of_a_host_with_every_component_hold(tmp_path: Path, settings: dict[str, object]) -> None:
    written(tmp_path, "socialize", host=True, **settings)
    assert "SUCCESS" in checked(tmp_path)


@pytest.mark.parametrize("contract", OTHERS)
def test_those_of_a_contract_hold(tmp_path: Path, contract: str) -> None:
    written(tmp_path, contract)
    assert "SUCCESS" in checked(tmp_path)


def test_a_rule_that_its_tests_do_not_prove_is_found(tmp_path: Path) -> None:
    written(tmp_path, OTHERS[0])
    file = tmp_path / "rules/http.yml"
    file.write_text(file.read_text().replace(" > ", " < ", 1))
    with pytest.raises(WorldError, match="HttpErrorRatioHigh"):
        checked(tmp_path)
