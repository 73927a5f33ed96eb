"""What the manifest tells the verification suite of the overlay."""

from __future__ import annotations

import json
from typing import Any

import pytest

from unit.given import bundle, settings


def manifest(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bundle(settings(**changes))["manifest.json"].text)
    return found


def test_without_the_overlay_it_says_so() -> None:
    assert manifest()["observability"] is None


def test_it_tells_what_the_stores_shall_be_like() -> None:
    kept = {"metrics_days": 7, "metrics_gb": 2.0, "logs_days_by_level": {"debug": 3}}
    told = manifest(
        observability=True, retention=kept, telemetry_outage_tolerance=600, scrape_interval=5, domain="app.example.org"
    )["observability"]
    assert told["retention"].items() >= kept.items()
    assert (told["outage_tolerance"], told["scrape_interval"]) == (600, 5)
    assert told["contract"] == "files/contracts/socialize.yaml"
    assert told["grafana"] == "https://app.example.org/grafana/"


@pytest.mark.parametrize(
    ("changes", "metrics"), [({}, "otlp"), ({"metrics_transport": "scrape"}, "scrape")], ids=["sent", "fetched"]
)
def test_it_tells_how_the_metrics_of_the_app_travel(changes: dict[str, Any], metrics: str) -> None:
    assert manifest(observability=True, **changes)["observability"]["app_metrics"] == metrics


def test_without_grafana_it_has_no_address_of_it() -> None:
    told = manifest(observability=True, observability_components=["prometheus"])
    assert told["observability"]["grafana"] is None
    assert told["services"]["prometheus"]["flavour"] == "official"
