"""Prometheus' configuration of either version: what it fetches, is sent, keeps and calculates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from preprod import contract
from preprod.catalogue import CATALOGUE
from preprod.observability import USUAL, ComponentName
from preprod.render.observability import prometheus, windows
from preprod.render.templates import ROOT
from unit.given import bundle, settings

PACKAGED: tuple[ComponentName, ...] = ("prometheus", "alertmanager", "node-exporter", "postgres-exporter")
BOTH = pytest.mark.parametrize(
    "flavour", [{}, {"image_source": "packages", "observability_components": PACKAGED}], ids=["official", "packaged"]
)


def files(**changes: Any) -> dict[str, str]:
    given = bundle(settings(observability=True, **changes))
    return {path.removeprefix("prometheus/"): file.text for path, file in given.items() if "prometheus/" in path}


def configuration(**changes: Any) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(files(**changes)["prometheus.yml"])
    return parsed


def service(**changes: Any) -> dict[str, Any]:
    text = bundle(settings(observability=True, **changes))["compose.observability.yaml"].text
    parsed: dict[str, Any] = yaml.safe_load(text)["services"]["prometheus"]
    return parsed


def jobs(**changes: Any) -> dict[str, dict[str, Any]]:
    return {job["job_name"]: job for job in configuration(**changes)["scrape_configs"]}


def target(job: dict[str, Any]) -> str:
    (only,) = job["static_configs"][0]["targets"]
    return str(only)


def test_every_component_that_runs_is_asked_where_it_answers() -> None:
    found = jobs()
    assert set(found) == {*USUAL, "caddy", "probe-http", "probe-tcp"}
    for name in (*USUAL, "caddy"):
        host, _, port = target(found[name]).partition(":")
        assert (host, int(port) in CATALOGUE[name].ports) == (name, True)


def test_what_does_not_run_is_not_asked() -> None:
    found = jobs(observability_components=["prometheus", "node-exporter"])
    assert set(found) == {"prometheus", "node-exporter", "caddy"}
    assert "alerting" not in configuration(observability_components=["prometheus"])


def test_every_job_is_named_in_the_modules_docstring() -> None:
    every = {*jobs(), *jobs(metrics_transport="scrape"), *prometheus.METRICS}
    assert [name for name in every if f"``{name}``" not in (prometheus.__doc__ or "")] == []


def test_an_app_that_is_scraped_has_the_same_jobs_and_is_found_by_name() -> None:
    found = jobs(metrics_transport="scrape")
    for name, job in (("api", "socialize-api"), ("worker", "socialize-worker")):
        (discovery,) = found[job]["dns_sd_configs"]
        assert (discovery["names"], discovery["type"], discovery["port"]) == ([name], "A", 9464)
    assert not any(name.startswith("socialize") for name in jobs())


@pytest.mark.parametrize("name", ["socialize", "artifacts", "assistant", "realtime"])
def test_the_apps_jobs_are_the_contracts_services(name: str) -> None:
    of = contract.load(ROOT / f"files/contracts/{name}.yaml")
    named = prometheus.app_jobs(of)
    assert (list(named), list(named.values())) == (["api", "worker"], list(of.services))
    assert of.http is None or named["api"] == of.http.service


def test_the_app_is_probed_as_users_reach_it() -> None:
    def probed(**changes: Any) -> dict[str, str]:
        found = jobs(**changes)
        static = [part for name in ("probe-http", "probe-tcp") for part in found[name]["static_configs"]]
        return {part["labels"]["probe"]: part["targets"][0] for part in static}

    inside = {"api": "http://api:8000/health/live", "postgres": "postgres:5432"}
    assert probed() == {"app": "http://caddy:8080/health", **inside}
    assert probed(domain="app.example.org")["app"] == "https://app.example.org/health"
    public = {"domain": "app.example.org", "public_url": "https://www.example.org/"}
    assert probed(**public)["app"] == "https://www.example.org/health"


@pytest.mark.parametrize(("interval", "timeout"), [(5, 5), (10, 10), (60, 10)])
def test_a_scrape_ends_before_the_next_begins(interval: int, timeout: int) -> None:
    given = configuration(scrape_interval=interval)["global"]
    assert (given["scrape_interval"], given["scrape_timeout"]) == (f"{interval}s", f"{timeout}s")


@BOTH
@pytest.mark.parametrize("tolerance", [60, 43200])
def test_late_samples_are_taken_however_late_the_outage_makes_them(flavour: dict[str, Any], tolerance: int) -> None:
    of = settings(telemetry_outage_tolerance=tolerance)
    tsdb = configuration(telemetry_outage_tolerance=tolerance, **flavour)["storage"]["tsdb"]
    assert tsdb["out_of_order_time_window"] == f"{windows.lateness(of)}s"


def test_each_version_is_told_how_long_to_keep_where_it_looks_for_it() -> None:
    retention = {"retention": {"metrics_days": 12, "metrics_gb": 0.5}}
    official, packaged = retention, {**retention, "image_source": "packages", "observability_components": PACKAGED}
    assert configuration(**official)["storage"]["tsdb"]["retention"] == {"time": "12d", "size": "500000000B"}
    assert not [flag for flag in service(**official)["command"] if "retention" in flag]
    assert "retention" not in configuration(**packaged)["storage"]["tsdb"]
    assert "otlp" not in configuration(**packaged)
    assert [flag.partition("retention.")[2] for flag in service(**packaged)["command"] if "retention" in flag] == [
        "time=12d",
        "size=500000000B",
    ]


@BOTH
def test_nothing_can_be_stopped_or_deleted_over_http(flavour: dict[str, Any]) -> None:
    flags = service(**flavour)["command"]
    assert not [flag for flag in flags if "lifecycle" in flag or "admin-api" in flag]
    assert "--enable-feature=exemplar-storage" in flags


def test_it_takes_what_is_sent_and_nothing_else() -> None:
    def takes(**changes: Any) -> set[str]:
        return {flag for flag in service(**changes)["command"] if flag.endswith("-receiver")}

    otlp, remote_write = "--web.enable-otlp-receiver", "--web.enable-remote-write-receiver"
    assert takes() == {otlp, remote_write}
    assert takes(observability_components=["prometheus"]) == {otlp}
    assert takes(metrics_transport="scrape", observability_components=["prometheus"]) == set()
    assert takes(image_source="packages", observability_components=PACKAGED) == set()


def test_only_hourly_aggregates_leave_the_host_and_the_password_stays_in_its_file() -> None:
    where = {"remote_write_url": "https://metrics.example.org/push", "remote_write_user": "preprod"}
    (target,) = configuration(**where)["remote_write"]
    assert target["basic_auth"] == {"username": "preprod", "password_file": "/run/secrets/remote_write_password"}
    assert target["write_relabel_configs"] == [{"source_labels": ["__name__"], "regex": "hourly:.+", "action": "keep"}]
    assert "/etc/preprod/secrets/prometheus:/run/secrets:ro" in service(**where)["volumes"]
    assert "remote_write" not in configuration()
    assert "basic_auth" not in configuration(remote_write_url=where["remote_write_url"])["remote_write"][0]


def rule_groups(**changes: Any) -> dict[str, dict[str, Any]]:
    parsed = {path: yaml.safe_load(text) for path, text in files(**changes).items() if path.startswith("rules/")}
    return {Path(path).stem: content["groups"][0] for path, content in parsed.items()}


def test_rules_are_there_for_what_runs_each_with_a_test_of_its_own() -> None:
    of_the_app = {"hourly", "app", "http", "slo-1h", "slo-6h", "targets", "prometheus", "stores", "watchdog"}
    components = {"pipeline", "telemetry", "host", "containers", "databases", "probes"}
    assert set(rule_groups()) == of_the_app | components
    packaged = rule_groups(image_source="packages", observability_components=PACKAGED)
    assert set(packaged) == of_the_app | {"host", "databases"}
    given = files()
    tests = {path: text for path, text in given.items() if path.startswith("tests/")}
    for name, group in rule_groups().items():
        own = "".join(text for text in tests.values() if f"../rules/{name}.yml" in yaml.safe_load(text)["rule_files"])
        named = {rule["alert"] for rule in group["rules"] if "alert" in rule}
        assert [rule for rule in named if f'alertname="{rule}"' not in own.replace('\\"', '"')] == []
        assert own


def test_no_rule_asks_a_program_for_what_its_release_does_not_tell() -> None:
    def named(**changes: Any) -> set[str]:
        return {rule["alert"] for rule in rule_groups(**changes)["stores"]["rules"]}

    packaged = named(image_source="packages", observability_components=PACKAGED)
    assert named(observability_components=PACKAGED) - packaged == {"CaddyConfigBad"}


def test_every_use_and_every_answer_is_added_up_hour_by_hour() -> None:
    group = rule_groups()["hourly"]
    assert group["interval"] == "1h"
    recorded = {rule["record"]: rule["expr"] for rule in group["rules"]}
    of = contract.load(ROOT / settings().telemetry_contract)
    usage = [name for name, counter in of.counters.items() if counter.kind == "usage"]
    assert len(recorded) == len(usage) + 3 > 3
    assert recorded["hourly:socialize_approval_decisions:increase"] == (
        "sum by (job, socialize_decision) (increase(socialize_approval_decisions_total[1h]))"
    )
    assert "le) (increase(" in recorded["hourly:http_server_request_duration_seconds_bucket:increase"]


def test_a_loss_is_counted_at_every_store_that_runs() -> None:
    def counted(**changes: Any) -> set[str]:
        group = rule_groups(**changes)["pipeline"]
        return {rule["labels"]["counter"] for rule in group["rules"] if "labels" in rule}

    def without(component: str) -> set[str]:
        return counted(observability_components=[name for name in USUAL if name != component])

    assert "tempo_discarded_spans_total" in counted() - without("tempo")
    assert "loki_discarded_samples_total" in counted() - without("loki")


def test_no_loss_is_looked_for_on_a_way_that_nothing_takes() -> None:
    def counted(**changes: Any) -> str:
        return " ".join(rule["expr"] for rule in rule_groups(**changes)["pipeline"]["rules"])

    def without(component: str) -> str:
        return counted(observability_components=[name for name in USUAL if name != component])

    for signal, rest in {
        "_spans": without("tempo"),
        "_log_records": without("loki"),
        "_metric_points": counted(metrics_transport="scrape"),
        "receiver_refused_log_records": counted(),
    }.items():
        assert signal not in rest


def test_only_what_the_running_program_reads_makes_it_reload() -> None:
    given = bundle(settings(observability=True))
    effects = {path: file.takes_effect for path, file in given.items() if path.startswith("prometheus/")}
    assert {path for path, effect in effects.items() if effect == "reload"} == {
        "prometheus/prometheus.yml",
        *(f"prometheus/rules/{name}.yml" for name in rule_groups()),
    }
    assert set(effects.values()) == {"reload", "record"}
