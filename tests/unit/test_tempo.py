"""Tempo's configuration: retention, how late spans may come, metrics of spans."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from preprod.render.observability import windows
from unit.given import bundle, chosen, settings


def rendered(path: str, **changes: Any) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(bundle(settings(observability=True, **changes))[path].text)
    return parsed


def configuration(**changes: Any) -> dict[str, Any]:
    return rendered("tempo/tempo.yaml", **changes)


def test_traces_are_kept_as_set_by_planner_and_worker() -> None:
    config = configuration(retention={"traces_days": 5})
    planned = config["backend_scheduler"]["provider"]["compaction"]["compaction"]["block_retention"]
    assert planned == config["backend_worker"]["compaction"]["block_retention"] == "120h"
    assert config["query_frontend"]["search"]["max_duration"] == "121h", "all that is kept can be searched at once"


@pytest.mark.parametrize("tolerance", [60, 3600, 43200])
def test_late_spans_are_found_by_search(tolerance: int) -> None:
    slack = configuration(telemetry_outage_tolerance=tolerance)["live_store"]["wal"]["ingestion_time_range_slack"]
    assert slack == f"{tolerance + windows.MARGIN}s"


def test_what_waited_is_taken_as_fast_as_memory_allows() -> None:
    config = configuration()
    assert config["overrides"]["defaults"]["ingestion"] == {"max_traces_per_user": 0}
    limit = chosen(settings(observability=True))["tempo"].component.memory_mb * 1_000_000
    assert config["live_store"]["max_live_traces_bytes"] < limit / 4


def test_metrics_of_spans_go_to_prometheus_with_exemplars() -> None:
    config = configuration()
    assert config["metrics_generator"]["storage"]["remote_write"] == [
        {"url": "http://prometheus:9090/api/v1/write", "send_exemplars": True}
    ]
    assert config["overrides"]["defaults"]["metrics_generator"]["processors"] == ["span-metrics", "service-graphs"]


def test_other_containers_reach_its_receiver() -> None:
    assert configuration()["distributor"]["receivers"]["otlp"]["protocols"] == {"grpc": {"endpoint": "0.0.0.0:4317"}}


def test_everything_it_writes_is_on_its_volume() -> None:
    config = configuration()
    trace = config["storage"]["trace"]
    paths = [
        trace["wal"]["path"],
        trace["local"]["path"],
        config["live_store"]["wal"]["path"],
        config["live_store"]["shutdown_marker_dir"],
        config["backend_scheduler"]["local_work_path"],
        config["metrics_generator"]["storage"]["path"],
    ]
    assert [path for path in paths if not path.startswith("/var/tempo/")] == []


def test_it_calls_nobody() -> None:
    assert configuration()["usage_report"] == {"reporting_enabled": False}


def test_it_is_ended_when_it_does_not_end() -> None:
    assert rendered("compose.observability.yaml")["services"]["tempo"]["stop_grace_period"] == "15s"
