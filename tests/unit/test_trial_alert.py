"""The alert that the suite sends to Alertmanager itself reaches nobody, whoever is to be told of what."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, cast, get_args

import yaml
from verify.nouns.operations import PostedAlert
from verify.nouns.program import Program

from preprod.notifications import Severity
from unit.given import bundle, settings


class Alertmanager:
    """Takes every alert and keeps it."""

    def __init__(self) -> None:
        self.labels: list[dict[str, str]] = []

    def request(self, method: str, path: str, json: list[dict[str, Any]]) -> SimpleNamespace:
        self.labels += [alert["labels"] for alert in json]
        return SimpleNamespace(status_code=200)


def routes() -> list[dict[str, Any]]:
    everything = {"kind": "webhook", "severities": list(get_args(Severity))}
    receivers = {"all": everything, "host": {**everything, "components": ["host"]}}
    of = settings(observability=True, alert_receivers=receivers, dead_mans_switch=True)
    made: list[dict[str, Any]] = yaml.safe_load(bundle(of)["alertmanager/alertmanager.yml"].text)["route"]["routes"]
    return made


def takes(route: dict[str, Any], labels: dict[str, str]) -> bool:
    asked = [re.fullmatch(r'(\w+)=(~?)"(.*)"', matcher) for matcher in route["matchers"]]
    assert all(asked), route
    return all(re.fullmatch(one[3], labels.get(one[1], "")) for one in asked if one)


def test_a_trial_and_its_end_reach_no_receiver() -> None:
    alertmanager = Alertmanager()
    posted = PostedAlert(cast(Program, alertmanager), "a trial")
    posted.fire()
    posted.resolve()
    assert len(alertmanager.labels) == 2
    assert [route["receiver"] for route in routes() for labels in alertmanager.labels if takes(route, labels)] == []
    assert any(takes(route, {"severity": severity}) for route in routes() for severity in get_args(Severity))
