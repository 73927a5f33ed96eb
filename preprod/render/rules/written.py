"""Rules and their tests in the formats of Prometheus and promtool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any
from urllib.parse import urljoin

import yaml

from preprod.preflight import grafana_url
from preprod.render.rules.rule import Alert, Case, Recording, Rule, Watched, duration

_HEAD = "# Generated from the telemetry contract and the settings.\n"


def rules(subject: str, made: Iterable[Rule], watched: Watched) -> str:
    """A rules file with one group.

    :param subject: name of the group.
    """
    written = [_recording(rule) if isinstance(rule, Recording) else _alert(rule, watched) for rule in made]
    return _yaml({"groups": [{"name": subject, "rules": written}]})


def tests(subject: str, made: Iterable[Rule], watched: Watched) -> dict[str, str]:
    """Name -> text of promtool's test files of a subject: one for every length of a step."""
    alerts = sorted((rule for rule in made if isinstance(rule, Alert)), key=lambda alert: alert.step)
    return {
        f"{subject}-{step}": _yaml(
            {
                "rule_files": [f"../rules/{subject}.yml"],
                "evaluation_interval": step,
                "tests": [_test(trial, watched) for trial in _trials(of)],
            }
        )
        for step, of in groupby(alerts, key=lambda alert: duration(alert.step))
    }


Trial = list[tuple[Alert, Case]]
"""Cases that are tried together: promtool evaluates the whole file for each trial."""


def _trials(alerts: Iterable[Alert]) -> list[Trial]:
    """Alerts of one name together, case by case, as far as their series bear it."""
    trials: dict[tuple[str, str], list[Trial]] = {}
    for alert in alerts:
        for case in alert.cases:
            same = trials.setdefault((alert.alert, case.name), [])
            fitting = next((trial for trial in same if all(_agree(case, other) for _, other in trial)), None)
            if fitting is None:
                same.append(fitting := [])
            fitting.append((alert, case))
    return [trial for same in trials.values() for trial in same]


def _agree(one: Case, other: Case) -> bool:
    return all(other.series.get(name, values) == values for name, values in one.series.items())


def _recording(rule: Recording) -> dict[str, Any]:
    labels = {"labels": dict(rule.labels)} if rule.labels else {}
    return {"record": rule.record, "expr": rule.expr, **labels}


def _alert(rule: Alert, watched: Watched) -> dict[str, Any]:
    hold = {"for": duration(rule.hold)} if rule.hold else {}
    linger = {"keep_firing_for": duration(rule.linger)} if rule.linger else {}
    return {
        "alert": rule.alert,
        "expr": rule.expr,
        **hold,
        **linger,
        "labels": labels(rule, watched),
        "annotations": dict(_annotations(rule, watched)),
    }


def labels(rule: Alert, watched: Watched) -> dict[str, str]:
    """The labels that a rule adds."""
    return {**rule.labels, "owner": watched.settings.alert_owner}


def _annotations(rule: Alert, watched: Watched) -> Iterator[tuple[str, str]]:
    yield "summary", rule.summary
    yield "description", rule.description
    yield "runbook_url", f"{watched.settings.runbook_base_url.rstrip('/')}/{rule.alert}.md"
    if "grafana" in watched.components:
        yield "dashboard_url", urljoin(grafana_url(watched.settings), f"d/{rule.dashboard}")


def _test(trial: Trial, watched: Watched) -> dict[str, Any]:
    alert, case = trial[0]
    series = {name: values for _, one in trial for name, values in one.series.items()}
    return {
        "name": f"{alert.alert}: {case.name}",
        "interval": duration(alert.step),
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": _firing(one, watched),
                "eval_time": _moment(at * round(one.step, 3)),
                "exp_samples": [{"labels": "{}", "value": count}] if count else [],
            }
            for one, of in trial
            for at, count in sorted(of.firing.items())
        ],
    }


def _firing(alert: Alert, watched: Watched) -> str:
    wanted = {"alertname": alert.alert, "alertstate": "firing", **labels(alert, watched)}
    # A label made by a template has a value that only Prometheus knows.
    fixed = ",".join(f'{name}="{value}"' for name, value in wanted.items() if "{{" not in value)
    return f"count(ALERTS{{{fixed}}})"


def _moment(seconds: float) -> str:
    return duration(seconds) if seconds else "0s"


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _yaml(content: object) -> str:
    return _HEAD + yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=200, allow_unicode=True)
