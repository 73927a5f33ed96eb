"""Every alert is proven, complete, and watches something that somebody emits."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from preprod.catalogue import CATALOGUE, OVERLAY
from preprod.contract import signals
from preprod.render import alerts_page, rules
from preprod.render.contract_page import CONTRACTS
from preprod.render.observability.rules import hourly, pipeline
from preprod.render.observability.view import View
from preprod.render.rules import Alert, Recording
from preprod.render.rules.promql import selectors
from preprod.render.rules.rule import duration
from preprod.render.templates import ROOT
from unit.given import bundle, chosen, settings

NAMES = sorted(path.stem for path in CONTRACTS.glob("*.yaml"))


def made(contract: str = "socialize", **changes: Any) -> list[Alert | Recording]:
    return _made(contract) if not changes else _changed(contract, changes)


@cache
def _made(contract: str) -> list[Alert | Recording]:
    return _changed(contract, {})


def _changed(contract: str, changes: dict[str, Any]) -> list[Alert | Recording]:
    subjects = rules.of_host(alerts_page.whole(contract, **changes), [*alerts_page.jobs()])
    return [rule for subject in subjects.values() for rule in subject]


def alerts(contract: str = "socialize", **changes: Any) -> list[Alert]:
    return [rule for rule in made(contract, **changes) if isinstance(rule, Alert)]


EVERY = [
    pytest.param(alert, id=f"{name} {alert.alert} {' '.join(alert.marks.values())}".strip())
    for name in NAMES
    for alert in alerts(name)
    if name == "socialize" or alert.component == "app"
]


@pytest.mark.parametrize("alert", EVERY)
def test_an_alert_is_shown_to_fire_to_stay_quiet_and_to_resolve(alert: Alert) -> None:
    firing = {case.name: [case.firing[step] for step in sorted(case.firing)] for case in alert.cases}
    assert len(firing) == len(alert.cases)
    resolved = firing["fires and resolves"]
    assert (max(resolved), resolved[-1]) == (1, 0)
    assert set(firing["just below"]) == {0}
    series = {case.name: case.series for case in alert.cases}
    assert series["just below"] != series["fires and resolves"]


@pytest.mark.parametrize("alert", EVERY)
def test_the_tests_wait_as_long_as_the_alert_does(alert: Alert) -> None:
    (case,) = [case for case in alert.cases if case.name == "fires and resolves"]
    first = min(step for step, count in case.firing.items() if count)
    assert first * alert.step >= alert.hold


@pytest.mark.parametrize("name", NAMES)
def test_no_two_alerts_have_the_same_name_and_labels(name: str) -> None:
    found = [(alert.alert, *sorted(alert.labels.items())) for alert in alerts(name)]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("name", NAMES)
def test_alerts_of_one_name_mean_the_same(name: str) -> None:
    severities: dict[str, set[str]] = {}
    for alert in alerts(name):
        severities.setdefault(alert.alert, set()).add(alert.severity)
    assert {alert for alert, found in severities.items() if len(found) > 1} == set()


# -- what is selected --------------------------------------------------------------------------------
STRING = re.compile(r'"(?:\\.|[^"\\])*"')
BARE = re.compile(r"[a-z_]+:[a-z_0-9]+:[a-z0-9_]+")


def emitted(name: str) -> dict[str, set[str]]:
    """Job -> metrics."""
    found: dict[str, set[str]] = {
        job: set(metrics) for job, metrics in yaml.safe_load((ROOT / "tests/unit/emitted.yaml").read_text()).items()
    }
    families = ast.parse((ROOT / "files/images/engine-proxy/engine_proxy/families.py").read_text())
    (table,) = [
        node.value for node in families.body if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)
    ]
    found["engine-proxy"] = {key.value for key in table.keys if isinstance(key, ast.Constant)}
    contract = alerts_page.whole(name).contract
    for signal in signals(contract):
        for service in signal.services:
            found.setdefault(service, {"target_info"}).update(signal.exposed)
    return {job: {*found.get(job, ()), "up"} for job in {*found, *alerts_page.jobs()}}


def selected(expr: str) -> Iterator[tuple[str, list[str]]]:
    """Metric and jobs of every selector, of the raw series."""
    for metric, asked in selectors(expr):
        job = next((one for one in asked if one.label == "job" and not one.sign.startswith("!")), None)
        assert job, f"{metric} of {expr} is selected without a job"
        yield metric, job.value.replace("\\", "").split("|") if "~" in job.sign else [job.value]


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_selects_what_its_job_emits(name: str) -> None:
    has = emitted(name)
    losses = pipeline(overlay(name))
    recorded = {rule.record for rule in (*made(name), *losses) if not isinstance(rule, Alert)}
    for rule in (*made(name), *losses):
        found = list(selected(rule.expr))
        # An objective is recorded as what the contract says; all else is made of series.
        assert found or BARE.findall(rule.expr) or rule.expr.startswith("vector(")
        for metric, jobs in found:
            if metric not in recorded:
                assert [job for job in jobs if metric not in has[job]] == [], rule.expr
        assert set(BARE.findall(STRING.sub("", rule.expr))) <= recorded


@pytest.mark.parametrize("name", NAMES)
def test_what_is_recorded_by_the_hour_is_emitted_by_the_app(name: str) -> None:
    has = emitted(name)
    services = alerts_page.whole(name).contract.services
    for rule in hourly(alerts_page.whole(name).contract):
        assert [service for service in services if rule.metric in has[service]], rule.record


def overlay(contract: str) -> View:
    """One with everything."""
    of = settings(
        observability=True,
        observability_components=list(OVERLAY),
        redis_address="redis://redis:6379",
        mongodb_address="mongodb://mongodb:27017",
    )
    return View(of, chosen(of), alerts_page.whole(contract).contract)


def test_every_listed_metric_is_of_use() -> None:
    rules = (*made(), *pipeline(overlay("socialize")))
    used = {metric for rule in rules for metric, _ in selected(rule.expr)}
    listed = {
        metric
        for metrics in yaml.safe_load((ROOT / "tests/unit/emitted.yaml").read_text()).values()
        for metric in metrics
    }
    assert listed - used == set()


# -- what is covered ---------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
def test_every_signal_has_an_alert_or_a_reason_to_have_none(name: str) -> None:
    watched = {signal for alert in alerts(name) for signal in alert.signals}
    for signal in signals(alerts_page.whole(name).contract):
        assert (signal.name in watched) != bool(alerts_page.why_none(signal)) or signal.name in {
            "db.client.connection.max",
            "db.client.connection.count",
        }, signal.name


def test_every_reason_is_about_a_signal_that_exists() -> None:
    known = {signal.name for name in NAMES for signal in signals(alerts_page.whole(name).contract)}
    assert alerts_page.WITHOUT.keys() <= known


def test_every_component_has_alerts() -> None:
    found = alerts()
    for name in CATALOGUE:
        assert [alert for alert in found if alert.component == name or alert.marks.get("service") == name], name


def test_every_job_is_missed_and_every_service_is() -> None:
    text = bundle(settings(observability=True))["prometheus/prometheus.yml"].text
    jobs = {job["job_name"] for job in yaml.safe_load(text)["scrape_configs"]}
    written = yaml.safe_load(bundle(settings(observability=True))["prometheus/rules/targets.yml"].text)
    given = written["groups"][0]["rules"]
    assert {rule["labels"]["component"] for rule in given if rule["alert"] == "TargetMissing"} == jobs
    of = settings(observability=True)
    services = {alert.marks["service"] for alert in alerts() if alert.alert == "ContainerMissing"}
    # Who tells of containers, and who judges what is told, have alerts of their own.
    assert (
        services == set(CATALOGUE) - {"engine-proxy", "prometheus"} >= set(chosen(of)) - {"engine-proxy", "prometheus"}
    )
    assert {"ContainersUnwatched", "Watchdog"} <= {alert.alert for alert in alerts()}


# -- what is written ---------------------------------------------------------------------------------
def written(**changes: Any) -> list[dict[str, Any]]:
    given = bundle(settings(observability=True, **changes))
    texts = [file.text for path, file in given.items() if path.startswith("prometheus/rules/")]
    return [rule for text in texts for rule in yaml.safe_load(text)["groups"][0]["rules"] if "alert" in rule]


def test_an_alert_has_an_owner_a_runbook_and_a_dashboard_where_there_is_grafana() -> None:
    given = written(
        alert_owner="night-shift", runbook_base_url="https://runbooks.example.org/ours/", domain="app.example.org"
    )
    for rule in given:
        assert rule["labels"]["owner"] == "night-shift"
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        notes = rule["annotations"]
        assert notes["runbook_url"] == f"https://runbooks.example.org/ours/{rule['alert']}.md"
        assert notes["dashboard_url"].startswith("https://app.example.org/grafana/d/")
        assert notes["summary"]
        assert notes["description"].endswith(".")
    assert not [
        rule for rule in written(observability_components=["prometheus"]) if "dashboard_url" in rule["annotations"]
    ]


WINDOW = re.compile(r"\[(\d+)(ms|s|m|h|d)\]")
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def longest(**changes: Any) -> float:
    found = [WINDOW.findall(rule.expr) for rule in made(**changes)]
    return max(int(amount) * SECONDS[unit] for windows in found for amount, unit in windows)


def test_one_setting_shortens_all_times() -> None:
    assert longest() == 3 * 259200
    assert longest(alert_time_scale=0.001, scrape_interval=5) <= 3 * 260
    short = alerts(alert_time_scale=0.001, scrape_interval=5)
    # What has to go on does so for two windows, and no window is shorter than four scrapes.
    assert max(alert.hold for alert in short) <= 2 * 4 * 5


def test_a_window_holds_enough_scrapes_however_rare_they_are() -> None:
    shortest = min(
        int(amount) * SECONDS[unit] for rule in made(scrape_interval=300) for amount, unit in WINDOW.findall(rule.expr)
    )
    assert shortest == 1200


def test_nothing_is_compared_with_what_is_forgotten() -> None:
    def quiet(days: int) -> set[str]:
        return {alert.alert for alert in alerts(retention={"metrics_days": days}) if alert.alert.endswith("Quiet")}

    assert quiet(30) == {"LoginAttemptsQuiet", "LoginSuccessesQuiet", "ContentItemsCreatedQuiet"}
    assert quiet(5) == {"LoginAttemptsQuiet", "LoginSuccessesQuiet"}
    assert quiet(1) == set()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "500ms"), (90, "90s"), (3600, "1h"), (5400, "90m"), (259200, "3d")]
)
def test_times_are_written_as_prometheus_reads_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


# -- the page ----------------------------------------------------------------------------------------
def test_the_committed_page_is_fresh() -> None:
    assert alerts_page.main(["--check"]) is None


def test_no_row_of_the_page_is_empty() -> None:
    assert [line for line in alerts_page.page().splitlines() if line.startswith("|") and "|  |" in line] == []
