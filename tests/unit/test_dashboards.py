"""Every dashboard is one that Grafana reads, asks only for what somebody emits, and says nothing twice."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any

import promql_parser
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from preprod.contract import Signal, signals
from preprod.contract.names import label_name
from preprod.observability import OPTIONAL, USUAL, ComponentName
from preprod.render import alerts_page, dashboards, dashboards_page
from preprod.render.dashboards.panels import Panel, Query
from preprod.render.dashboards.signals import panels as signal_panels
from preprod.render.observability.rules import hourly, pipeline
from preprod.render.observability.view import View
from preprod.render.rules import Recording, Watched
from preprod.render.templates import ROOT
from unit.given import bundle, chosen, settings
from unit.test_alerts import NAMES, alerts, emitted, made

UIDS = {"api", "usage", "jobs", "slo", "logs", "system", "containers", "postgres", "telemetry"}
RANGES = {"$__rate_interval": "2m", "$__range": "6h", "$__auto": "1m"}
EACH = pytest.mark.parametrize("name", NAMES)


@cache
def boards(name: str = "socialize") -> list[dashboards.Board]:
    """Of everything that can run."""
    return dashboards.of_host(alerts_page.whole(name), alerts_page.jobs())


@cache
def texts(name: str = "socialize") -> dict[str, dict[str, Any]]:
    written = dashboards.texts(boards(name), alerts_page.whole(name))
    return {path.removesuffix(".json"): json.loads(text) for path, text in written.items()}


def panels(name: str = "socialize", uid: str | None = None) -> list[Panel]:
    return [panel for board in boards(name) if uid in (None, board.uid) for row in board.rows for panel in row.panels]


def queries(name: str = "socialize", uid: str | None = None) -> list[Query]:
    return [query for panel in panels(name, uid) for query in panel.queries]


# -- what Grafana reads ------------------------------------------------------------------------------
def test_all_of_them_are_in_the_bundle_of_a_host_with_grafana() -> None:
    found = {path for path in bundle(settings(observability=True)) if path.startswith("grafana/dashboards/")}
    assert found == {f"grafana/dashboards/{uid}.json" for uid in UIDS}
    without = settings(observability=True, observability_components=["prometheus"])
    assert not [path for path in bundle(without) if path.startswith("grafana/")]


def test_a_changed_dashboard_restarts_nothing() -> None:
    given = bundle(settings(observability=True))
    assert {file.takes_effect for path, file in given.items() if path.startswith("grafana/dashboards/")} == {"record"}


@EACH
def test_the_sdk_reads_back_what_it_wrote(name: str) -> None:
    for uid, text in texts(name).items():
        read = Dashboard.from_json(text)
        assert json.loads(json.dumps(read, cls=JSONEncoder)) == text
        assert (text["uid"], text["schemaVersion"]) == (uid, 41)


@EACH
def test_panels_have_numbers_and_titles_of_their_own(name: str) -> None:
    for uid, text in texts(name).items():
        assert not [number for number, times in Counter(p["id"] for p in text["panels"]).items() if times > 1], uid
        titles = Counter(panel["title"] for panel in text["panels"] if panel["type"] != "row")
        assert not [title for title, times in titles.items() if times > 1], uid


@EACH
def test_panels_lie_beside_and_below_each_other(name: str) -> None:
    def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
        at = panel["gridPos"]
        return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}

    for uid, text in texts(name).items():
        taken = [cells(panel) for panel in text["panels"]]
        assert max(x for of in taken for x, _ in of) < 24
        assert not [1 for one, other in combinations(taken, 2) if one & other], uid


@EACH
def test_nothing_is_asked_twice(name: str) -> None:
    asked = Counter((query.source, query.expr) for query in queries(name))
    assert [query for query, times in asked.items() if times > 1] == []


@EACH
def test_every_panel_is_described_in_a_sentence(name: str) -> None:
    for panel in panels(name):
        assert re.fullmatch(r"[A-Z0-9].*[^.]\.", panel.description, re.DOTALL), panel.title
        assert not re.search(r"\. [A-Z]", panel.description), panel.title


@EACH
def test_every_unit_is_one_of_grafanas(name: str) -> None:
    known = {value for key, value in vars(units).items() if isinstance(value, str) and not key.startswith("_")}
    assert {panel.unit for panel in panels(name)} <= known


def test_measurements_lead_to_traces_and_nothing_else_is_asked_for_them() -> None:
    for panel in (panel for text in texts().values() for panel in text["panels"]):
        for target in panel.get("targets", ()):
            wanted = panel["type"] == "timeseries" and "_bucket{" in target.get("expr", "")
            assert target.get("exemplar", False) == wanted, panel["title"]


def test_links_lead_to_runbooks_that_a_browser_can_reach() -> None:
    def links(of: str) -> list[str]:
        watched = alerts_page.whole("socialize", runbook_base_url=of)
        written = json.loads(dashboards.texts(dashboards.of_contract(watched), watched)["api.json"])
        return [link["url"] for link in written["links"] if link["title"] == "Runbooks"]

    assert links("https://runbooks.example.org/") == ["https://runbooks.example.org/"]
    assert links("docs/runbooks") == []


# -- what is asked -----------------------------------------------------------------------------------
def filled(expr: str) -> str:
    for name, value in RANGES.items():
        expr = expr.replace(name, value)
    return expr.replace("$service", ".+")


def selectors(expr: str) -> list[tuple[str, dict[str, str]]]:
    """Metric, and label -> value, of every selector.

    :raises ValueError: it is no PromQL.
    """
    found: list[tuple[str, dict[str, str]]] = []

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append((node.name or "", {matcher.name: matcher.value for matcher in node.matchers.matchers}))

    promql_parser.walk(promql_parser.parse(filled(expr)), visit)
    return found


def promql(name: str = "socialize", uid: str | None = None) -> list[str]:
    return [query.expr for query in queries(name, uid) if query.source in ("prometheus", "longterm")]


def shown(name: str = "socialize", uid: str | None = None) -> Iterator[tuple[str, dict[str, str]]]:
    for expr in promql(name, uid):
        yield from selectors(expr)


BESIDES = {job: set(metrics) for job, metrics in yaml.safe_load((ROOT / "tests/unit/shown.yaml").read_text()).items()}
OF_PROMETHEUS = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
"""What Prometheus adds to every job."""


@EACH
def test_a_query_selects_what_its_job_emits(name: str) -> None:
    has = emitted(name)
    for job, metrics in BESIDES.items():
        has.setdefault(job, set()).update(metrics)
    host = settings(observability=True)
    contract = alerts_page.whole(name).contract
    recorded = {rule.record for rule in made(name) if isinstance(rule, Recording)} | {"ALERTS"}
    recorded |= {rule.record for rule in [*pipeline(View(host, chosen(host), contract)), *hourly(contract)]}
    for expr in promql(name):
        for metric, labels in selectors(expr):
            if metric in recorded:
                continue
            # What Tempo makes of spans has no job.
            jobs = labels.get("job", "spans").replace("\\", "").split("|")
            assert [job for job in jobs if metric not in has[job] | OF_PROMETHEUS] == [], expr


def test_every_listed_metric_is_shown() -> None:
    used = {metric for metric, _ in shown()}
    assert {metric for metrics in BESIDES.values() for metric in metrics} - used == set()


def test_a_dead_query_is_noticed() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        selectors("sum(rate(up[5m])")
    assert selectors('rate(a{job="b"}[$__rate_interval]) > 1 and sum_over_time((c * d)[1h:5m])') == [
        ("a", {"job": "b"}),
        ("c", {}),
        ("d", {}),
    ]


@EACH
def test_every_signal_is_shown_where_its_alerts_lead(name: str) -> None:
    contract = alerts_page.whole(name).contract
    exposed = {signal.name: {*signal.exposed} for signal in signals(contract)}
    on = {uid: {metric for metric, _ in shown(name, uid)} for uid in UIDS}
    everywhere = {metric for metrics in on.values() for metric in metrics}
    assert [signal for signal, series in exposed.items() if not series & everywhere] == []
    for alert in alerts(name):
        recorded = {metric for metric in on[alert.dashboard] if metric.startswith("route_group:")}
        for signal in alert.signals:
            assert exposed[signal] & on[alert.dashboard] or recorded, f"{alert.alert} leads to {alert.dashboard}"


@EACH
def test_every_alert_leads_to_a_dashboard(name: str) -> None:
    assert {alert.dashboard for alert in alerts(name)} <= texts(name).keys()


def test_the_committed_page_is_fresh() -> None:
    assert dashboards_page.main(["--check"]) is None


# -- bounds ------------------------------------------------------------------------------------------
def plain(node: Any) -> Any:
    """Without parentheses, and without what leaves out lines or what nothing can be divided by."""
    if isinstance(node, promql_parser.BinaryExpr) and (str(node.op), node.rhs.prettify()) == (">", "0"):
        return plain(node.lhs)
    worst = isinstance(node, promql_parser.AggregateExpr) and str(node.op) in ("topk", "bottomk")
    return plain(node.expr) if worst or isinstance(node, promql_parser.ParenExpr) else node


def told(node: Any, sign: str) -> tuple[str, str]:
    """Both sides of an operator; all of it and nothing where it is another."""
    node = plain(node)
    if isinstance(node, promql_parser.BinaryExpr) and str(node.op) == sign:
        return plain(node.lhs).prettify(), plain(node.rhs).prettify()
    return node.prettify(), ""


def judged(expr: str) -> tuple[float, tuple[str, str]]:
    """The bound of an alert; what it compares with that, and what the bound is a share of."""
    node = promql_parser.parse(expr)
    while str(node.op) == "and":
        node = node.lhs
    bound, whole = told(node.rhs, "*")
    return float(bound), (plain(node.lhs).prettify(), whole)


def drawn(panel: Panel) -> list[tuple[str, str]]:
    """What each query of a panel shows, and as a share of what."""
    return [told(promql_parser.parse(filled(query.expr)), "/") for query in panel.queries]


EXPECTED = [
    pytest.param(name, signal, id=f"{name} {signal.name}")
    for name in NAMES
    for signal in signals(alerts_page.whole(name).contract)
    if signal.expect
]


@pytest.mark.parametrize(("name", "signal"), EXPECTED)
def test_a_bound_is_drawn_where_the_rule_judges(name: str, signal: Signal) -> None:
    expect = signal.expect
    assert expect
    bound = (expect.at_least if expect.at_most is None else expect.at_most) or 0.0
    of = [judged(alert.expr) for alert in alerts(name) if alert.signals[:1] == (signal.name,)]
    (wanted,) = [what for limit, what in of if limit == bound]
    (panel,) = [panel for panel in signal_panels(alerts_page.whole(name), [signal]) if panel.limits]
    assert wanted in drawn(panel), panel.title
    assert panel.limits
    assert (panel.limits.bad, panel.limits.low) == (bound or 1, expect.at_most is None)
    where = {label_name(label): value for label, value in expect.where.items()}
    asked = [labels for query in panel.queries for _, labels in selectors(query.expr)]
    assert expect.of or all(where.items() <= labels.items() for labels in asked), "nothing else crosses the bound"


@pytest.mark.parametrize(
    ("title", "alert"),
    [
        ("Longest transaction", "PostgresTransactionLong"),
        ("Deadlocks", "PostgresDeadlocks"),
        ("Rolled back", "PostgresRollbacksHigh"),
    ],
)
def test_databases_are_shown_as_they_are_judged(title: str, alert: str) -> None:
    (panel,) = [panel for panel in panels(uid="postgres") if panel.title == title]
    (rule,) = [rule for rule in alerts() if rule.alert == alert]
    assert judged(rule.expr)[1] in drawn(panel)


# -- what it depends on ------------------------------------------------------------------------------
def sources(components: tuple[ComponentName, ...]) -> tuple[set[str], set[str]]:
    """Uids of the dashboards, and of the data sources that they ask."""
    given = bundle(settings(observability=True, observability_components=components))
    found = [json.loads(file.text) for path, file in given.items() if path.startswith("grafana/dashboards/")]
    asked = {target["datasource"]["uid"] for one in found for p in one["panels"] for target in p.get("targets", ())}
    return {one["uid"] for one in found}, asked


def test_only_what_runs_has_a_dashboard_and_only_what_runs_is_asked() -> None:
    uids, asked = sources(("prometheus", "grafana"))
    assert (uids, asked) == ({"api", "usage", "jobs", "slo", "system", "telemetry"}, {"prometheus"})
    uids, asked = sources(tuple(name for name in USUAL if name != "loki"))
    assert (uids, asked) == (UIDS, {"prometheus", "tempo"})
    assert sources((*USUAL, "longterm"))[1] == {"prometheus", "loki", "tempo", "longterm"}


def test_the_rest_of_what_can_run_has_a_place() -> None:
    metrics = {metric for metric, _ in shown()}
    assert {"redis_up", "mongodb_up"} <= metrics
    assert "longterm" in {query.source for query in queries()}
    assert {"redis-exporter", "mongodb-exporter", "longterm"} == {*OPTIONAL}


def of(watched: Watched) -> dict[tuple[str, str], Panel]:
    found = dashboards.of_host(watched, alerts_page.jobs())
    return {(board.uid, panel.title): panel for board in found for row in board.rows for panel in row.panels}


def test_an_objective_changes_the_panels_of_its_group_alone() -> None:
    before = alerts_page.whole("socialize")
    http = before.contract.http
    assert http
    group = http.groups["read"]
    latency = group.slo.latency.model_copy(update={"seconds": 0.5})
    changed = group.model_copy(update={"slo": group.slo.model_copy(update={"latency": latency})})
    new = http.model_copy(update={"groups": {**http.groups, "read": changed}})
    after = Watched(before.settings, before.contract.model_copy(update={"http": new}), before.components)
    old, now = of(before), of(after)
    assert old.keys() == now.keys()
    assert {key for key, panel in now.items() if panel != old[key]} == {
        ("api", "Route group read"),
        ("slo", "In time: read"),
    }
    shown_limits = now["api", "Route group read"].limits
    assert shown_limits
    assert shown_limits.bad == 0.5


def test_thresholds_are_those_of_the_alerts() -> None:
    changed = {"disk_percent": 33.0, "disk_full_percent": 7.0, "queue_percent": 50.0}
    found = of(alerts_page.whole("socialize", alert_thresholds=changed))
    disk = found["system", "Disk space free"].limits
    assert disk
    assert (disk.warn, disk.bad, disk.low) == (0.33, 0.07, True)
    queue = found["telemetry", "Fill of the queues"].limits
    assert queue
    assert queue.bad == 0.5


@pytest.mark.parametrize(
    ("name", "uid", "headings"),
    [
        ("assistant", "api", {"LLM", "Scraper"}),
        ("artifacts", "api", {"Storage"}),
        ("realtime", "api", {"Websocket", "Database"}),
    ],
)
def test_other_contracts_have_the_headings_of_their_sections(name: str, uid: str, headings: set[str]) -> None:
    (board,) = [board for board in boards(name) if board.uid == uid]
    assert headings <= {row.title for row in board.rows}
