"""Loki's configuration: retention, how late lines may come, what it must not do."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from preprod.render.observability import windows
from unit.given import bundle, settings


def configuration(**changes: Any) -> dict[str, Any]:
    files = bundle(settings(observability=True, **changes))
    parsed: dict[str, Any] = yaml.safe_load(files["loki/loki.yaml"].text)
    return parsed


def seconds(text: str) -> int:
    assert text.endswith("s")
    return int(text.removesuffix("s"))


def test_lines_are_kept_as_set() -> None:
    given = {"logs_days": 20, "logs_days_by_level": {"debug": 3, "error": 60}, "audit_logs_days": 365}
    config = configuration(retention=given)
    assert config["limits_config"]["retention_period"] == "20d"
    assert config["compactor"]["retention_enabled"] is True
    assert config["limits_config"]["max_query_length"] == "0s", "all that is kept can be asked for at once"
    assert config["limits_config"]["retention_stream"] == [
        {"selector": '{log_type="audit"}', "priority": 2, "period": "365d"},
        {"selector": '{level="debug"}', "priority": 1, "period": "3d"},
        {"selector": '{level="error"}', "priority": 1, "period": "60d"},
    ]


@pytest.mark.parametrize("tolerance", [60, 3600, 43200])
def test_late_lines_are_taken_however_late_the_outage_makes_them(tolerance: int) -> None:
    config = configuration(telemetry_outage_tolerance=tolerance)
    window = seconds(config["ingester"]["max_chunk_age"]) / 2
    oldest = seconds(config["limits_config"]["reject_old_samples_max_age"])
    assert tolerance + windows.MARGIN <= window <= oldest


def test_what_is_not_written_yet_is_found_however_old() -> None:
    assert configuration()["querier"]["query_ingesters_within"] == "0s"


def test_lines_are_known_by_four_labels() -> None:
    resource = configuration()["limits_config"]["otlp_config"]["resource_attributes"]
    assert resource == {
        "ignore_defaults": True,
        "attributes_config": [
            {"action": "index_label", "attributes": ["service.name", "level", "log_type", "environment"]}
        ],
    }


def test_it_deletes_for_nobody_and_calls_nobody() -> None:
    config = configuration()
    assert config["limits_config"]["deletion_mode"] == "disabled"
    assert config["analytics"] == {"reporting_enabled": False}


def test_everything_it_writes_is_on_its_volume() -> None:
    config = configuration()
    assert config["common"]["path_prefix"] == "/loki"
    assert all(path.startswith("/loki/") for path in config["common"]["storage"]["filesystem"].values())


def test_a_long_line_is_cut_and_not_refused() -> None:
    assert configuration()["limits_config"]["max_line_size_truncate"] is True
