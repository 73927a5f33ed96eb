"""Every alert has a runbook, whose facts are those of the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from preprod.contract import Contract, loads
from preprod.render import alerts_page, runbooks, runbooks_page
from preprod.render.rules import Watched
from preprod.render.runbooks.bodies import TEMPLATES, template
from preprod.render.runbooks.facts import Made
from preprod.render.templates import ROOT
from unit.contracts import GIVEN
from unit.given import bundle, settings
from unit.markdown import blocks, dead_links, prose, sections
from unit.test_alerts import alerts

OTHERS = {runbooks.INDEX, runbooks.POST_MORTEM}
COMMITTED = {path.stem: path.read_text() for path in runbooks_page.FOLDER.glob("*.md")}
RUNBOOKS = sorted(COMMITTED.keys() - OTHERS)
NAMES = runbooks_page.names()
FRAMES = {"page", "body", "README", "post-mortem"}


@cache
def made() -> dict[str, list[Made]]:
    return runbooks.every(map(alerts_page.whole, NAMES), alerts_page.jobs())


def rendered(watched: Watched) -> dict[str, str]:
    places = runbooks.Places({watched.contract.application: "../contract.md"})
    return runbooks.texts([watched], alerts_page.jobs(), places)


@cache
def of_contract(name: str) -> dict[str, str]:
    return rendered(alerts_page.whole(name))


# -- every alert, and nothing else -------------------------------------------------------------------
def test_every_alert_of_every_contract_and_of_the_host_has_a_runbook_and_no_other_has() -> None:
    assert set(RUNBOOKS) == {alert.alert for name in NAMES for alert in alerts(name)}


def test_the_link_of_an_alert_leads_to_its_runbook() -> None:
    given = bundle(settings(observability=True, domain="app.example.org"))
    texts = [file.text for path, file in given.items() if path.startswith("prometheus/rules/")]
    rules = [rule for text in texts for rule in yaml.safe_load(text)["groups"][0]["rules"] if "alert" in rule]
    assert [rule["alert"] for rule in rules if not (ROOT / rule["annotations"]["runbook_url"]).is_file()] == []
    assert len(rules) > 80


def test_every_template_is_of_use() -> None:
    used = {template(one) for several in made().values() for one in several}
    inherited = {name for name in used for name in _parents(name)}
    found = {f"runbooks/{path.relative_to(TEMPLATES)}" for path in TEMPLATES.rglob("*.j2")}
    assert found - used - inherited == {f"runbooks/{name}.md.j2" for name in FRAMES - {"body"}}


def _parents(name: str) -> list[str]:
    first = (ROOT / "templates" / name).read_text().splitlines()[0]
    return [first.split('"')[1]] if first.startswith("{% extends") else []


def test_an_alert_without_a_template_is_named() -> None:
    of_host = next(one for one in made()["HostLoadHigh"])
    unknown = Made(replace(of_host.alert, alert="HostOnFire"), None)
    with pytest.raises(LookupError, match=r"^HostOnFire has no runbook: write templates/runbooks/HostOnFire\.md\.j2$"):
        template(unknown)


def test_the_committed_pages_are_fresh() -> None:
    assert runbooks_page.main(["--check"]) is None


# -- what stands in them -----------------------------------------------------------------------------
@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_says_the_four_things_and_the_rule(name: str) -> None:
    said = sections(COMMITTED[name])
    assert list(said) == [*runbooks.HEADINGS, "The rule"]
    assert [heading for heading in runbooks.HEADINGS if len(said[heading].split()) < 5] == []
    assert blocks(said["Confirm"], "sh")
    conditions = "\n".join(blocks(said["The rule"], "promql"))
    assert all(one.alert.expr in conditions for one in made()[name]) or "<" in conditions


@pytest.mark.parametrize("name", RUNBOOKS)
def test_no_word_of_a_template_is_left(name: str) -> None:
    text = prose(COMMITTED[name])
    assert not [word for word in ("{{", "{%", "Undefined", "<built-in", "$labels", "$value") if word in text]


def test_no_two_runbooks_say_the_same() -> None:
    said: dict[str, list[str]] = {}
    for name in RUNBOOKS:
        parts = sections(COMMITTED[name])
        said.setdefault(parts["What it means"] + parts["What to do"], []).append(name)
    assert [names for names in said.values() if len(names) > 1] == []


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_has_severity_and_dashboard_of_its_alert(name: str) -> None:
    alert = made()[name][0].alert
    assert f"| severity | **{alert.severity}**: " in COMMITTED[name]
    assert f"| dashboard | Grafana, `/d/{alert.dashboard}` |" in COMMITTED[name]


def test_the_index_has_every_runbook_under_what_it_is_about() -> None:
    groups = dict(_groups(COMMITTED[runbooks.INDEX]))
    assert {name for name in RUNBOOKS if f"({name}.md)" in "".join(groups.values())} == set(RUNBOOKS)
    assert "(PostgresDown.md)" in groups["postgres"]
    assert "(LoginAttemptsQuiet.md)" in groups["app socialize"]
    assert "(JobFailures.md)" in groups["app socialize"]
    assert "(JobFailures.md)" in groups["app realtime"]
    assert "(TargetMissing.md)" in groups["every target of Prometheus"]


def _groups(text: str) -> list[tuple[str, str]]:
    _, *parts = sections(text)["By component"].split("\n### ")
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]


# -- facts follow the contract and the settings ------------------------------------------------------
def changed(after: Watched) -> set[str]:
    before, now = of_contract("socialize"), rendered(after)
    assert before.keys() == now.keys()
    return {name for name in before if before[name] != now[name]}


def with_slo(**changes: Any) -> Watched:
    watched = alerts_page.whole("socialize")
    http = watched.contract.http
    assert http
    group = http.groups["read"]
    read = group.model_copy(update={"slo": group.slo.model_copy(update=changes)})
    groups = http.model_copy(update={"groups": {**http.groups, "read": read}})
    return Watched(watched.settings, watched.contract.model_copy(update={"http": groups}), watched.components)


def test_an_objective_changes_the_runbooks_of_its_alerts_alone() -> None:
    assert changed(with_slo(availability=0.999)) == {"HttpErrorBudgetFastBurn", "HttpErrorBudgetSlowBurn"}
    http = alerts_page.whole("socialize").contract.http
    assert http
    latency = http.groups["read"].slo.latency.model_copy(update={"seconds": 0.5})
    after = with_slo(latency=latency)
    assert changed(after) == {"HttpLatencyHigh", "HttpRouteSlow"}
    assert "route group read are to be answered within 0.5 s" in rendered(after)["HttpLatencyHigh"]


def test_a_threshold_changes_the_runbooks_of_its_alerts_alone() -> None:
    after = alerts_page.whole("socialize", alert_thresholds={"disk_percent": 21.0})
    assert changed(after) == {"DiskRunningLow"}
    assert "Less than 21 %" in rendered(after)["DiskRunningLow"]


@pytest.mark.parametrize(
    ("name", "sources"),
    [
        ("DiskNearlyFull", ["[`alert_thresholds.disk_full_percent`](../settings.md#alert_thresholds)"]),
        ("PrometheusRetentionStale", ["[`retention.metrics_days`](../settings.md#retention)"]),
        ("EmailFailures", ["`counters.socialize.email.failures.expect`"]),
        ("HttpRouteSlow", ["`http.groups.uploads.slo.latency`", "`http.groups.history.slo.latency`", ".events`]"]),
        ("JobFailures", ["`counters.socialize.job.failures.expect`", "`counters.realtime.job.failures.expect`"]),
    ],
)
def test_a_runbook_says_where_its_threshold_stands(name: str, sources: list[str]) -> None:
    (row,) = [line for line in COMMITTED[name].splitlines() if line.startswith("| threshold from |")]
    assert [source for source in sources if source not in row] == []


def test_what_depends_on_no_setting_names_none() -> None:
    assert "| threshold from |" not in COMMITTED["PostgresDown"]


# -- contracts of one's own --------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
def test_the_runbooks_of_one_contract_stand_alone(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (tmp_path / "contract.md").write_text("# The contract\n")
    for page, text in of_contract(name).items():
        (folder / f"{page}.md").write_text(text)
    assert of_contract(name).keys() - OTHERS == {alert.alert for alert in alerts(name)}
    assert {path.name: dead for path in folder.glob("*.md") if (dead := list(dead_links(path)))} == {}


def without_http(text: str) -> str:
    return text[: text.index("http:\n")] + text[text.index("counters:\n") :]


@pytest.mark.parametrize("given", [str, without_http])
def test_alerts_that_nobody_has_written_about_have_runbooks(given: Callable[[str], str]) -> None:
    contract: Contract = loads(given(GIVEN), "shop.yaml")
    found = rendered(alerts_page.everything(contract))
    for name in ("OrdersQuiet", "BasketDurationSlow"):
        said = sections(found[name])
        assert list(said)[:4] == list(runbooks.HEADINGS)
        assert "shop_" in "".join(blocks(said["Confirm"], "sh"))
    assert ("HttpLatencyHigh" in found) == (contract.http is not None)
