"""The second Prometheus: a year of hourly aggregates."""

from __future__ import annotations

from typing import Any

import yaml

from preprod.observability import USUAL
from unit.given import bundle, settings


def longterm(**changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its configuration and its service."""
    given = {"observability_components": [*USUAL, "longterm"], **changes}
    files = bundle(settings(observability=True, **given))
    overlay = yaml.safe_load(files["compose.observability.yaml"].text)
    return yaml.safe_load(files["longterm/prometheus.yml"].text), overlay["services"]["longterm"]


PACKAGED = {"image_source": "packages", "observability_components": ["prometheus", "longterm"]}


def test_it_fetches_hourly_series_alone_with_their_own_times_and_labels() -> None:
    (job,) = longterm()[0]["scrape_configs"]
    assert job["params"] == {"match[]": ['{__name__=~"hourly:.+"}']}
    assert (job["honor_labels"], job["honor_timestamps"]) == (True, True)
    assert job["static_configs"] == [{"targets": ["prometheus:9090"]}]


def test_it_asks_twice_while_a_sample_can_be_had_and_looks_back_until_the_next() -> None:
    config, service = longterm()
    minutes = int(config["scrape_configs"][0]["scrape_interval"].removesuffix("m"))
    assert 2 * minutes < 5  # Prometheus gives a series away for five minutes after its last sample.
    (back,) = [flag for flag in service["command"] if "lookback" in flag]
    assert 60 < int(back.partition("=")[2].removesuffix("m")) < 120


def test_each_version_is_told_how_long_to_keep_where_it_looks_for_it() -> None:
    kept = {"retention": {"longterm_days": 500}}
    config, service = longterm(**kept)
    assert config["storage"]["tsdb"]["retention"] == {"time": "500d"}
    assert not [flag for flag in service["command"] if "retention" in flag]
    config, service = longterm(**kept, **PACKAGED)
    assert "storage" not in config
    assert "--storage.tsdb.retention.time=500d" in service["command"]


def test_it_has_a_volume_of_its_own_and_no_way_out() -> None:
    _, service = longterm()
    assert "longterm-data:/prometheus" in service["volumes"]
    assert service["networks"] == ["observability"]


def test_what_the_first_can_suffer_from_is_watched_in_the_second_but_rules_which_it_has_none_of() -> None:
    def watched(component: str, *components: str) -> set[str]:
        files = bundle(settings(observability=True, observability_components=[*USUAL, *components]))
        texts = [file.text for path, file in files.items() if path.startswith("prometheus/rules/")]
        rules = [rule for text in texts for rule in yaml.safe_load(text)["groups"][0]["rules"] if "alert" in rule]
        return {rule["alert"] for rule in rules if rule["labels"].get("component") == component}

    assert watched("longterm") == set()
    first, second = watched("prometheus", "longterm"), watched("longterm", "longterm")
    of_rules = {f"PrometheusRules{what}" for what in ("Failing", "Missed")}
    of_alerts = {f"PrometheusNotifications{what}" for what in ("Dropped", "Refused")} | {
        "PrometheusWithoutAlertmanager"
    }
    assert first - second == of_rules | of_alerts | {"Watchdog"}
    assert {name for name in second if name.startswith("Prometheus")} <= first
