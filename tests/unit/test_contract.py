"""The telemetry contracts that the package brings."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from preprod.contract import Contract, load, signals, spans
from preprod.render.contract_page import CONTRACTS
from preprod.render.templates import ROOT


def contract(name: str) -> Contract:
    return load(CONTRACTS / f"{name}.yaml")


NAMES = sorted(path.stem for path in CONTRACTS.glob("*.yaml"))


def test_there_is_a_contract_of_each_kind() -> None:
    assert NAMES == ["artifacts", "assistant", "realtime", "socialize"]


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_is_called_as_its_file_and_satisfies_the_schema_of_editors(name: str) -> None:
    assert contract(name).application == name
    schema = json.loads((ROOT / "docs" / "contract.schema.json").read_text())
    data = yaml.safe_load((CONTRACTS / f"{name}.yaml").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    validator.validate(data)
    next(iter(data["http"]["groups"].values()))["slo"]["availability"] = 99.5
    assert not validator.is_valid(data)


def test_socialize_counts_usage_nine_times_and_every_kind_of_failure() -> None:
    counters = contract("socialize").counters
    by_kind = {kind: [name for name, found in counters.items() if found.kind == kind] for kind in ("usage", "failure")}
    assert len(by_kind["usage"]) == 9
    assert [name.split(".")[1] for name in by_kind["failure"]] == [
        "authentication",
        "email",
        "blob",
        "job",
        "outbound_http",
        "client",
        "spans",
        "metric_export",
    ]


def test_the_names_of_a_section_are_the_allowed_values_of_a_label() -> None:
    found = {signal.name: signal for signal in signals(contract("socialize"))}
    assert found["socialize.job.failures"].labels["socialize.job.name"] == ("send_invite", "clean_up")
    assert found["socialize.job.failures"].series == 4


def test_a_span_is_recognized_by_its_name() -> None:
    found = {span.name: span for span in spans(contract("socialize"))}
    server = found["{http.request.method} {http.route}"]
    assert server.matches("GET /api/organizations")
    assert not server.matches("GET")
    assert found["process socialize.jobs"].matches("process socialize.jobs")
    assert not found["process socialize.jobs"].matches("process socializexjobs")
