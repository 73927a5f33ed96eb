"""What a runbook says without being told: everything that the rules know of an alert."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from preprod.contract import Contract, Signal, signals
from preprod.contract.signals import HTTP_DURATION
from preprod.render import rules
from preprod.render.rules import Alert, Recording, Watched, slo
from preprod.render.rules.rule import duration
from preprod.settings import Settings
from preprod.settings import load as settings_of
from preprod.thresholds import Thresholds

URGENCY = {
    "critical": "somebody is woken",
    "warning": "today, in working hours",
    "info": "when one looks anyway",
}
_LABEL = re.compile(r"\{\{ *\$labels\.(\w+) *\}\}")
_VALUE = re.compile(r"\{\{ *\$value[^}]*\}\}")


@dataclass(frozen=True)
class Made:
    """An alert, and whose it is."""

    alert: Alert
    contract: Contract | None
    """None for the host's own."""

    @property
    def signal(self) -> Signal | None:
        """The signal that it is made of, where an expectation of the contract makes it."""
        if not self.contract or not self.alert.signals or self.alert.signals[0] == HTTP_DURATION:
            return None
        return next(signal for signal in signals(self.contract) if signal.name == self.alert.signals[0])

    @property
    def whose(self) -> str:
        """The app that it is about; empty for the host's own."""
        return self.contract.application if self.contract else ""

    @property
    def of(self) -> Mapping[str, str]:
        """What tells it from others of its name, by label: service, route group; or the component."""
        return self.alert.marks or {"component": self.alert.component}

    @property
    def message(self) -> str:
        """What one gets to read, with names of labels for their values."""
        return f"{_written(self.alert.summary)}. {self.told}"

    @property
    def told(self) -> str:
        """What fires it, in words."""
        return _written(self.alert.description)

    @property
    def after(self) -> str:
        """How long the condition lasts before it fires; empty for one that fires at once."""
        return duration(self.alert.hold) if self.alert.hold else ""

    @property
    def window(self) -> str:
        """How far it looks back, at most; empty for one that looks at the moment."""
        found = re.findall(r"\[(\w+)\]", self.alert.expr)
        return max(found, key=_seconds) if found else ""

    @property
    def source(self) -> str:
        """Where its threshold stands in the contract; empty where it does not."""
        if self.signal:
            return ".".join(map(str, (*self.signal.path, "expect")))
        if "route_group" in self.alert.marks:
            objective = "availability" if self.alert.alert in {name for name, *_ in slo.BURNS} else "latency"
            return f"http.groups.{self.alert.marks['route_group']}.slo.{objective}"
        return ""


def _written(text: str) -> str:
    return _VALUE.sub("`<value>`", _LABEL.sub(r"`<\1>`", text))


def _seconds(text: str) -> float:
    amount, unit = re.fullmatch(r"(\d+)([a-z]+)", text).groups()  # type: ignore[union-attr]
    return int(amount) * {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}[unit]


def alerts(subjects: rules.Subjects) -> list[Alert]:
    """All alerts of some subjects, the recorded series left out."""
    return [rule for made in subjects.values() for rule in made if not isinstance(rule, Recording)]


def messages(made: Iterable[Made]) -> list[str]:
    """What is to be read, all different; names stand as `<service>` or `<component>` where each has an alert."""
    several = list(made)
    return list(dict.fromkeys(_nameless(one.message, r"\b{}\b", "`<{}>`", _named(one, several)) for one in several))


def conditions(made: Iterable[Made]) -> dict[str, list[str]]:
    """Whose -> conditions in PromQL, all different; names as in `messages`."""
    several = list(made)
    found: dict[str, list[str]] = {}
    for one in several:
        of = found.setdefault(one.whose, [])
        label = "service" if 'service="' in one.alert.expr else "job"
        expr = _nameless(one.alert.expr, f'{label}="{{}}"', f'{label}="<{{}}>"', _named(one, several))
        if expr not in of:
            of.append(expr)
    return found


def _named(one: Made, several: list[Made]) -> dict[str, str]:
    same = [other for other in several if other.whose == one.whose]
    return {name: value for name, value in one.of.items() if name != "route_group" and len(same) > 1}


def _nameless(text: str, pattern: str, stands: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = re.sub(pattern.format(re.escape(value)), stands.format(name), text)
    return text


def settings_behind(watched: Watched, jobs: Iterable[str]) -> Mapping[str, list[str]]:
    """Alert -> settings that its condition depends on: found by changing each of them.

    :param jobs: what Prometheus fetches.
    """
    named = list(jobs)
    before = _conditions(watched, named)
    found: dict[str, list[str]] = {}
    for setting, changed in _changes(watched.settings):
        after = _conditions(Watched(changed, watched.contract, watched.components), named)
        for name in before:
            if before[name] != after[name]:
                found.setdefault(name, []).append(setting)
    return found


def _conditions(watched: Watched, jobs: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for alert in alerts(rules.of_host(watched, jobs)):
        found.setdefault(alert.alert, []).append(alert.expr)
    return found


def _changes(settings: Settings) -> Iterable[tuple[str, Settings]]:
    given = settings.model_dump(exclude_defaults=True)
    for name in Thresholds.model_fields:
        value = getattr(settings.alert_thresholds, name)
        more = settings.alert_thresholds.model_dump() | {name: value + 1}
        yield f"alert_thresholds.{name}", settings_of(given | {"alert_thresholds": more})
    for name in ("metrics_days", "longterm_days"):
        kept = settings.retention.model_dump() | {name: getattr(settings.retention, name) + 1}
        yield f"retention.{name}", settings_of(given | {"retention": kept})
