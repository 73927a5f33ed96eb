"""Alertmanager's configuration."""

from __future__ import annotations

import yaml

from unit.given import bundle, settings

FILES = bundle(settings(observability=True))


def test_alerts_are_grouped_and_sent_to_nobody() -> None:
    config = yaml.safe_load(FILES["alertmanager/alertmanager.yml"].text)
    assert config["receivers"] == [{"name": config["route"]["receiver"]}]
    assert config["route"]["group_by"] == ["alertname", "job"]


def test_it_runs_alone_and_remembers_for_more_than_a_week() -> None:
    flags = yaml.safe_load(FILES["compose.observability.yaml"].text)["services"]["alertmanager"]["command"]
    assert "--cluster.listen-address=" in flags
    (retention,) = [flag for flag in flags if flag.startswith("--data.retention=")]
    assert int(retention.partition("=")[2].removesuffix("h")) > 7 * 24


def test_it_is_reloaded_by_the_same_script_as_prometheus() -> None:
    assert FILES["alertmanager/reload.sh"] == FILES["prometheus/reload.sh"]
