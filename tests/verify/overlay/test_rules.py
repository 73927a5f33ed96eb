"""The rules of a host: each can fire, none fails, and nothing fires without cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from verify.nouns.deployment import Deployment
from verify.nouns.prometheus import PromQuery, Rule
from verify.nouns.promql import Selector, selectors
from verify.nouns.waiting import eventually

pytestmark = pytest.mark.needs("observability")

FROM_THE_FIRST: Mapping[str, Mapping[str, str]] = {
    "http_server_request_duration_seconds": {
        "http_response_status_code": "An answer is counted by its status from the first one with it on.",
        "http_route": "A route is measured from its first request on; which routes there are stands in the contract.",
        "http_request_method": "As its route.",
    },
    "loki_request_duration_seconds": {
        "status_code": "An answer is counted by its status from the first one with it on.",
    },
    "alloy_component_controller_running_components": {
        "health_type": "There are series of those kinds of health alone that some part has.",
    },
}
"""Beginning of a metric's name -> label without a series for all values that rules ask for, and why."""

NOT_YET: Mapping[str, str] = {
    "route_group:http_server_errors:ratio_rate": "No share of nothing: there is none while nobody asks for anything.",
    "otelcol_exporter_enqueue_failed_": "Counted from the first loss on: OpenTelemetry's collector adds nothing else.",
    "otelcol_exporter_send_failed_": "As those that did not fit into the queue.",
    "loki_discarded_samples_total": "Has a label for the reason, and so no series before there is one.",
    "tempo_discarded_spans_total": "As Loki's.",
    "tempodb_blocklist_poll_errors_total": "Has a label for the tenant, and so none before a poll has failed.",
}
"""Beginning of a metric's name -> why it may have no series at all."""

OF_THE_MACHINE: Mapping[str, str] = {
    "Watchdog": "Always fires: who gets it alarms when it stops.",
    "HostLoadHigh": "Whatever else runs on the machine, these tests among it.",
    "HostMemoryLow": "Whatever else runs on the machine.",
    "HostOutOfMemory": "Whatever else runs on the machine.",
    "HostClockNotSynchronized": "A host in a container has no time service of its own.",
}
"""Alerts that fire on a host that is well, and why."""


def _whatever(selector: Selector) -> Selector:
    """As a selector can be answered before anything has happened."""
    labels = [label for start, of in FROM_THE_FIRST.items() if selector.metric.startswith(start) for label in of]
    return selector.without(labels)


def _dead(prometheus: PromQuery) -> Iterator[str]:
    rules: dict[Selector, Rule] = {}
    for rule in prometheus.rules:
        for selector in selectors(rule.query):
            if not selector.metric.startswith(tuple(NOT_YET)):
                rules.setdefault(_whatever(selector), rule)
    for selector, rule in rules.items():
        if not prometheus.samples(f"count({selector})"):
            yield f"{selector} of {rule.name}"


@pytest.mark.usefixtures("flow", "visited")  # Requests of each group, measurements and the operations page among them.
def test_every_selector_of_a_rule_has_series(prometheus: PromQuery, patience: float) -> None:
    eventually(lambda: not [*_dead(prometheus)], patience)
    assert [*_dead(prometheus)] == [], f"selectors of rules for which {prometheus} has no series: they can never fire"


def test_no_evaluation_of_a_rule_has_failed(prometheus: PromQuery) -> None:
    failed = prometheus.label("prometheus_rule_evaluation_failures_total > 0", "rule_group")
    assert failed == set(), f"groups of rules that {prometheus} could not evaluate"


def test_every_alert_says_who_where_and_what_to_do(prometheus: PromQuery, deployment: Deployment) -> None:
    wanted = {"summary", "description", "runbook_url"}
    wanted |= {"dashboard_url"} if "grafana" in deployment.services else set()
    alerts = [rule for rule in prometheus.rules if rule.alert]
    assert alerts, f"{prometheus} should have alerts"
    for rule in alerts:
        told = {name for name, text in rule.annotations.items() if text}
        assert wanted <= told, f"annotations of {rule.name} in {prometheus}"
        assert rule.annotations["runbook_url"].endswith(f"/{rule.alert}.md"), f"runbook of {rule.name}"
        assert rule.labels["severity"] in ("critical", "warning", "info"), f"severity of {rule.name}"
        assert rule.labels["owner"], f"owner of {rule.name}"


def test_the_watchdog_fires(prometheus: PromQuery, patience: float) -> None:
    def firing() -> set[str]:
        return {rule.alert for rule in prometheus.rules if rule.fires}

    eventually(lambda: "Watchdog" in firing(), patience)
    assert "Watchdog" in firing(), f"{prometheus} should show that alerts work"


def test_nothing_fires_on_a_host_that_is_well(prometheus: PromQuery, patience: float) -> None:
    def firing() -> list[str]:
        return sorted(rule.name for rule in prometheus.rules if rule.fires and rule.alert not in OF_THE_MACHINE)

    eventually(lambda: not firing(), patience)
    assert firing() == [], f"alerts that fire in {prometheus}"
