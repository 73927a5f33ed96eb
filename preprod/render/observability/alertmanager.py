"""Alertmanager: who gets which alerts, what goes without saying, and what messages say.

Its image checks all of it before it is promoted: also, for every combination of labels that the settings tell apart,
that the routes lead to the receivers whose settings ask for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, get_args

import yaml

from preprod.notifications import Receiver, Severity
from preprod.render import rules
from preprod.render.bundle import Bundle, File
from preprod.render.observability import prometheus
from preprod.render.observability.inhibition import WATCHDOG, inhibitions
from preprod.render.observability.receivers import DEAD_MANS_SWITCH, NOBODY, receivers
from preprod.render.observability.view import View
from preprod.render.rules.promql import matcher
from preprod.render.rules.rule import Alert
from preprod.render.templates import ROOT
from preprod.settings import Settings, SettingsError

_HEAD = "# Generated from the settings and the alerts.\n"

ELSE = "else"
"""An owner or component that no receiver names."""


def files(view: View) -> Bundle:
    """Configuration, messages, the proof of both, and the script that has them read again.

    :raises SettingsError: no alert reaches a receiver.
    """
    alerts, jobs = _alerts(view), prometheus.jobs(view)
    _refuse_idle(view.settings, alerts, jobs)
    read = {"alertmanager.yml": _configuration(view, alerts), "messages.tmpl": _script("messages.tmpl")}
    kept = {"routes.txt": _expected(view.settings), "check.sh": _script("check.sh")}
    return {
        **{
            f"alertmanager/{name}": File(text, takes_effect="reload", service="alertmanager")
            for name, text in read.items()
        },
        **{f"alertmanager/{name}": File(text) for name, text in kept.items()},
        "alertmanager/reload.sh": File(prometheus.script("reload.sh")),
    }


def _script(name: str) -> str:
    return (ROOT / "templates" / "alertmanager" / name).read_text(encoding="utf-8")


def _alerts(view: View) -> list[Alert]:
    made = rules.of_host(prometheus.watched(view), prometheus.jobs(view))
    return [rule for subject in made.values() for rule in subject if isinstance(rule, Alert)]


def _configuration(view: View, alerts: list[Alert]) -> str:
    app = prometheus.app_jobs(view.contract)
    config = {
        "route": _route(view.settings),
        "inhibit_rules": [one.written() for one in inhibitions(alerts, view.chosen, app)],
        "receivers": receivers(view.settings),
        "templates": ["messages.tmpl"],
    }
    return _HEAD + yaml.safe_dump(config, sort_keys=False, width=200, allow_unicode=True)


def _route(settings: Settings) -> dict[str, Any]:
    grouping = settings.alert_grouping
    named = settings.alert_receivers.items()
    return {
        "receiver": NOBODY,
        "group_by": list(grouping.by),
        "group_wait": f"{grouping.wait_seconds}s",
        "group_interval": f"{grouping.interval_seconds}s",
        "routes": [
            _watchdog(settings),
            *(_to(name, one, severity, settings) for name, one in named for severity in one.severities),
        ],
    }


def _watchdog(settings: Settings) -> dict[str, Any]:
    return {
        "matchers": [matcher("alertname", [WATCHDOG])],
        "receiver": DEAD_MANS_SWITCH if settings.dead_mans_switch else NOBODY,
        "group_wait": "0s",
        # Every second interval: what was sent a whole repetition ago is by a hair too young at the first.
        "group_interval": "30s",
        "repeat_interval": "45s",
    }


def _to(name: str, receiver: Receiver, severity: Severity, settings: Settings) -> dict[str, Any]:
    owners = [matcher("owner", receiver.owners)] if receiver.owners else []
    components = [matcher("component", receiver.components)] if receiver.components else []
    return {
        "matchers": [matcher("severity", [severity]), *owners, *components],
        "receiver": name,
        "repeat_interval": f"{settings.alert_grouping.repeat_seconds(severity)}s",
        "continue": True,
    }


def _refuse_idle(settings: Settings, alerts: Iterable[Alert], jobs: Iterable[str]) -> None:
    """A receiver whom no alert can reach would be one who waits in vain."""
    owner = settings.alert_owner
    about = {(alert.severity, one) for alert in alerts for one in _components(alert, jobs) if alert.alert != WATCHDOG}
    for name, receiver in settings.alert_receivers.items():
        if not any(receiver.takes(severity, owner, component) for severity, component in about):
            known = ", ".join(sorted({component for _, component in about}))
            raise SettingsError(
                f"no alert reaches alert_receivers.{name}: their owner is {owner}, their components are {known}; "
                "name some of these, or leave owners and components out"
            )


def _components(alert: Alert, jobs: Iterable[str]) -> Iterable[str]:
    return jobs if "{{" in alert.component else [alert.component]


def _expected(settings: Settings) -> str:
    """Lines of receivers and the labels of the alerts that are to reach them, in the order of the settings."""
    return "".join(f"{','.join(names)} {labels}\n" for names, labels in _cases(settings))


def _cases(settings: Settings) -> Iterator[tuple[list[str], str]]:
    named = settings.alert_receivers
    owners = dict.fromkeys((settings.alert_owner, ELSE, *(one for r in named.values() for one in r.owners)))
    components = dict.fromkeys((ELSE, *(one for r in named.values() for one in r.components)))
    for severity, owner, component in product(get_args(Severity), owners, components):
        takers = [name for name, one in named.items() if one.takes(severity, owner, component)]
        yield takers or [NOBODY], f"severity={severity} owner={owner} component={component}"
    switch = DEAD_MANS_SWITCH if settings.dead_mans_switch else NOBODY
    yield [switch], f"alertname={WATCHDOG} severity=info owner={settings.alert_owner} component=prometheus"
