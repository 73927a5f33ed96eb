"""What stands beside the series of an alert in its tests is none of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from preprod.contract import load
from preprod.render.contract_page import CONTRACTS
from preprod.render.rules import Alert, Watched, host, http
from preprod.render.rules.others import among_others
from preprod.render.rules.promql import Matcher, grouped, matchers, selectors
from preprod.render.rules.rule import Case, Clock
from preprod.settings import load as settings

WATCHED = Watched(settings({}), load(CONTRACTS / "socialize.yaml"), frozenset({"node-exporter"}))
ALERTS = [*http.rules(WATCHED), *host.rules(WATCHED)]


def others(case: Case) -> Iterator[tuple[str, dict[str, str]]]:
    """Metric and labels of the series that were added."""
    for name in case.series:
        labels = {one.label: one.value for one in matchers(name.partition("{")[2])}
        if "copy" in labels:
            yield name.partition("{")[0], labels


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.alert} {' '.join(alert.marks.values())}".strip())
def test_no_selector_of_an_alert_takes_what_others_have(alert: Alert) -> None:
    cases = {case.name: case for case in among_others(alert, [])}
    assert [*others(cases["fires and resolves"])]
    found = [*others(cases["bad, but with others"])]
    asked = list(selectors(alert.expr))
    # On each side of an operator is something else, and one side is enough.
    assert not [labels for _, labels in found if all(takes(labels, of) for _, of in asked)]
    for one in {one for _, of in asked for one in of}:
        assert [labels for _, labels in found if labels.get(one.label) == one.refused], (
            f"nobody has another {one.label}"
        )


def takes(labels: dict[str, str], asked: list[Matcher]) -> bool:
    return all(one.takes(labels.get(one.label, "")) for one in asked)


@pytest.mark.parametrize(
    ("matcher", "refused"),
    [
        (Matcher("job", "=", "a"), "not a"),
        (Matcher("http_route", "=~", r"/a/\{id\}|/b"), "not /a/{id}"),
        (Matcher("fstype", "!~", "tmpfs|ramfs"), "tmpfs"),
        (Matcher("mountpoint", "!~", "/boot(/.*)?"), "/boot"),
        (Matcher("health_type", "!=", "healthy"), "healthy"),
    ],
)
def test_a_matcher_refuses_what_it_says_it_does(matcher: Matcher, refused: str) -> None:
    assert (matcher.refused, matcher.takes(refused)) == (refused, False)


def test_labels_of_a_result_are_those_of_its_left_side() -> None:
    assert grouped("histogram_quantile(0.9, sum by (job, http_route, le) (x)) > 1 and sum by (job) (y) > 1") == [
        "job",
        "http_route",
    ]
    assert grouped("up == 0") == []


def test_tests_look_often_enough_to_see_half_a_window_and_half_a_hold() -> None:
    clock = Clock(1, 120)
    for window, hold in ((300, 300), (600, 300), (1800, 300), (3600, 300)):
        step = clock.step(window, hold)
        assert window / step >= 10
        assert hold / step >= 5 or window / step == 60
