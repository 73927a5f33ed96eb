"""The overlay's Compose file: a patch that adds watchers and touches nothing of the app but its telemetry."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import yaml

from preprod.catalogue import BASE, OVERLAY
from preprod.observability import OPTIONAL, USUAL
from preprod.operations.engine import compose_binary
from preprod.render.compose import FILES
from preprod.settings import Settings, SettingsError
from unit.given import bundle, settings

ALL = settings(
    observability=True,
    observability_components=[*USUAL, *OPTIONAL],
    redis_address="redis://cache:6379",
    mongodb_address="mongodb://mongo:27017",
)
PACKAGED = settings(
    observability=True,
    observability_components=[
        "prometheus",
        "alertmanager",
        "engine-proxy",
        "node-exporter",
        "postgres-exporter",
        "blackbox-exporter",
    ],
)
SCRAPED = settings(observability=True, image_source="packages", observability_components=["prometheus"])
DEBUG = settings(observability=True, observability_ports=True)
EVERY = pytest.mark.parametrize("of", [ALL, PACKAGED, DEBUG], ids=["all", "packaged", "debug"])


def overlay(of: Settings) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(bundle(of)["compose.observability.yaml"].text)
    return parsed


def watchers(of: Settings) -> dict[str, Any]:
    return {name: service for name, service in overlay(of)["services"].items() if name not in BASE}


@EVERY
def test_it_has_the_wanted_components_and_no_other(of: Settings) -> None:
    assert sorted(watchers(of)) == sorted(of.observability_components)


@EVERY
def test_of_the_app_it_touches_the_environment_alone(of: Settings) -> None:
    touched = {name: service for name, service in overlay(of)["services"].items() if name in BASE}
    assert {name: set(service) for name, service in touched.items()} == {
        "api": {"environment"},
        "worker": {"environment"},
    }


@pytest.mark.parametrize("interval", [5, 300])
def test_the_app_pushes_its_metrics_as_often_as_targets_are_scraped(interval: int) -> None:
    ways: list[list[str]] = [list(USUAL), ["prometheus", "alloy", "engine-proxy"], ["prometheus"]]
    for components in ways:
        of = settings(observability=True, observability_components=components, scrape_interval=interval)
        for service in ("api", "worker"):
            assert overlay(of)["services"][service]["environment"]["OTEL_METRIC_EXPORT_INTERVAL"] == f"{interval}000"


def test_an_app_that_is_scraped_pushes_nothing() -> None:
    assert overlay(SCRAPED)["services"]["worker"]["environment"] == {"SOCIALIZE_METRICS_TRANSPORT": "scrape"}


@pytest.mark.parametrize(
    ("of", "asked"),
    [
        (
            ALL,
            {
                "SOCIALIZE_OPS_PROMETHEUS_URL": "http://prometheus:9090",
                "SOCIALIZE_OPS_ALERTMANAGER_URL": "http://alertmanager:9093",
                "SOCIALIZE_OPS_GRAFANA_URL": "http://127.0.0.1:8080/grafana/",
                "SOCIALIZE_OPS_DASHBOARDS": "api,usage,jobs,slo,logs,system,containers,postgres,telemetry",
            },
        ),
        (settings(observability=True, observability_components=["prometheus"]), {"SOCIALIZE_OPS_PROMETHEUS_URL": ANY}),
    ],
    ids=["all", "prometheus alone"],
)
def test_the_api_and_nobody_else_knows_whom_to_ask_for_its_operations_page(of: Settings, asked: dict[str, str]) -> None:
    services = overlay(of)["services"]
    told = {
        name: {key: url for key, url in services[name]["environment"].items() if "_OPS_" in key}
        for name in ("api", "worker")
    }
    assert told == {"api": asked, "worker": {}}
    base = yaml.safe_load(bundle(of)["compose.yaml"].text)["services"]["api"]
    assert "_OPS_" not in str(base["environment"])
    # A network that they share, by name.
    for name in {"prometheus", "alertmanager"} & watchers(of).keys():
        assert set(services[name]["networks"]) & set(base["networks"]), name


def test_the_base_file_is_the_same_with_it_and_without() -> None:
    assert bundle(ALL)["compose.yaml"] == bundle(settings())["compose.yaml"]
    assert not bundle(settings()).keys() & {".env", "compose.observability.yaml"}


@EVERY
def test_every_watcher_is_hardened(of: Settings) -> None:
    for name, service in watchers(of).items():
        component = OVERLAY[name]
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "privileged" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"] == f"{component.memory_mb}m", name
        assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}, name
        assert service["restart"] == "unless-stopped", name
        assert all(
            str(volume).split(":")[-1] in ("ro", component.official.data_path) for volume in service.get("volumes", [])
        ), name


@EVERY
def test_uid_0_is_for_those_alone_that_read_what_is_roots(of: Settings) -> None:
    rooted = {name for name, service in watchers(of).items() if service["user"].startswith("0:")}
    assert rooted == {"alloy", "engine-proxy"} & watchers(of).keys()


@EVERY
def test_the_engines_socket_is_the_proxys_alone(of: Settings) -> None:
    holders = {name for name, service in watchers(of).items() if "docker.sock" in str(service.get("volumes"))}
    assert holders == {"engine-proxy"}
    assert watchers(of)["engine-proxy"]["networks"] == ["engine"]
    assert overlay(of)["networks"] == {"observability": {"internal": True}, "engine": {"internal": True}}


def test_nothing_is_published_but_for_debugging_and_then_on_the_loopback_address() -> None:
    assert not [name for name, service in watchers(ALL).items() if "ports" in service]
    published = [port for service in watchers(DEBUG).values() for port in service.get("ports", [])]
    assert len(published) == 6
    assert all(port.startswith("127.0.0.1:") for port in published)
    # A port is published to a network with a way out, and to no other.
    assert all("edge" in service["networks"] for service in watchers(DEBUG).values() if "ports" in service)


@EVERY
def test_the_pinned_compose_accepts_both_files_together_and_the_base_alone(of: Settings, tmp_path: Path) -> None:
    files = bundle(of)
    for name in FILES:
        (tmp_path / name).write_text(files[name].text)
    for chosen in ([FILES[0]], FILES):
        named = [part for name in chosen for part in ("-f", str(tmp_path / name))]
        done = subprocess.run(
            [compose_binary(), "--project-directory", str(tmp_path), *named, "config", "-q"],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, ""), chosen


def test_the_environment_file_names_both() -> None:
    text = bundle(ALL)[".env"].text
    assert text == "COMPOSE_FILE=/srv/preprod/compose.yaml:/srv/preprod/compose.observability.yaml\n"


REFUSED = [
    ({"observability_components": ["loki"]}, "loki without alloy and engine-proxy, which it needs: add alloy and"),
    ({"observability_components": ["prometeus"]}, "'observability_components.0' is 'prometeus', but: Input should be"),
    ({"retention": {"logs_days": 0}}, "Loki refuses less than 24 h): write 1 or more"),
    ({"remote_write_url": "http://mimir.example/push"}, "over TLS alone: write https://<name>/<path>"),
    ({"remote_write_user": "me"}, "remote_write_user without remote_write_url has no effect"),
    ({"observability": True, "observability_components": []}, "name some, or set observability = False"),
    (
        {"observability": True, "otlp_endpoint": "http://else:4318"},
        "two receivers of one signal: leave one of them out",
    ),
    ({"grafana_domain": "g.example.org"}, "grafana_domain without domain has no effect"),
    ({"telemetry_outage_tolerance": 5}, "'telemetry_outage_tolerance' is 5, but: Input should be greater than"),
]


@pytest.mark.parametrize(("data", "sentence"), REFUSED, ids=[next(iter(data)) for data, _ in REFUSED])
def test_bad_input_is_refused_with_what_to_write_instead(data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(**data)
    assert sentence in str(refused.value)
