"""Rules and their tests in the formats of Prometheus and promtool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any
from urllib.parse import urljoin

import yaml

from preprod.preflight import grafana_url
from preprod.render.rules.others import among_others
from preprod.render.rules.promql import grouped
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
    every = [*made]
    alerts = sorted((rule for rule in every if isinstance(rule, Alert)), key=lambda alert: alert.step)
    recorded = [rule for rule in every if isinstance(rule, Recording)]
    return {
        f"{subject}-{step}": _yaml(
            {
                "rule_files": [f"../rules/{subject}.yml"],
                "evaluation_interval": step,
                "tests": [_test(trial, watched) for trial in _trials(of, recorded)],
            }
        )
        for step, of in groupby(alerts, key=lambda alert: duration(alert.step))
    }


Trial = list[tuple[Alert, Case]]
"""Cases that are tried together: promtool evaluates the whole file for each trial."""


def read(alert: Alert, recorded: Iterable[Recording]) -> list[Recording]:
    """The recorded series that an alert reads."""
    own = [rule for rule in recorded if rule.labels.items() <= alert.marks.items()]
    return own if any(rule.record in alert.expr for rule in own) else []


def _trials(alerts: Iterable[Alert], recorded: Iterable[Recording]) -> list[Trial]:
    """Cases of one name together, as far as their series bear it."""
    trials: dict[str, list[Trial]] = {}
    for alert in alerts:
        for case in among_others(alert, [rule.expr for rule in read(alert, recorded)]):
            same, one = trials.setdefault(case.name, []), (alert, case)
            fitting = next((trial for trial in same if all(_agree(one, other) for other in trial)), None)
            if fitting is None:
                same.append(fitting := [])
            fitting.append(one)
    return [trial for same in trials.values() for trial in same]


def _agree(one: tuple[Alert, Case], other: tuple[Alert, Case]) -> bool:
    """Whether neither sees what the other is tried on: alerts of one name differ by labels, others by metrics."""
    ours, theirs = one[1].series, other[1].series
    if one[0].alert == other[0].alert:
        return all(theirs.get(name, values) == values for name, values in ours.items())
    return {_metric(name) for name in ours}.isdisjoint(map(_metric, theirs))


def _metric(series: str) -> str:
    return series.partition("{")[0]


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
    alerts = dict.fromkeys(one.alert for one, _ in trial)
    series = {name: values for _, one in trial for name, values in one.series.items()}
    return {
        "name": f"{case.name}: {', '.join(alerts)}",
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
    fixed = [f'{name}="{value}"' for name, value in wanted.items() if "{{" not in value]
    told = [f'{name}!=""' for name in grouped(alert.expr)]
    return f"count(ALERTS{{{','.join([*fixed, *told])}}})"


def _moment(seconds: float) -> str:
    return duration(seconds) if seconds else "0s"


class _Dumper(yaml.CSafeDumper):
    # libyaml's: rules and tests are long, and each run renders them.
    def ignore_aliases(self, data: object) -> bool:
        return True


def _yaml(content: object) -> str:
    return _HEAD + yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=200, allow_unicode=True)
