"""Alert rules, and the tests that prove each of them: a module of pure functions per subject.

A new rule is a new value; the table of `docs/alerts.md` shows what has none.
"""

from __future__ import annotations

from collections.abc import Iterable

from preprod.render.rules import (
    app,
    containers,
    databases,
    host,
    http,
    pipeline,
    probes,
    prometheus,
    slo,
    stores,
    targets,
    tempo,
    watchdog,
)
from preprod.render.rules.rule import Alert, Recording, Rule, Watched
from preprod.render.rules.written import rules as rules_text
from preprod.render.rules.written import tests as tests_texts

__all__ = ["Alert", "Recording", "Rule", "Watched", "of_contract", "of_host", "texts"]

Subjects = dict[str, list[Rule]]
"""Subject -> its rules, where it has any."""


def of_contract(watched: Watched) -> Subjects:
    """What follows from the app's contract."""
    return _some({"app": [*app.rules(watched)], "http": [*http.rules(watched)], **slo.rules(watched)})


def of_host(watched: Watched, jobs: Iterable[str]) -> Subjects:
    """All rules of a host.

    :param jobs: what Prometheus fetches.
    """
    others: Subjects = {
        "targets": [*targets.rules(watched, jobs)],
        "host": [*host.rules(watched)],
        "containers": [*containers.rules(watched)],
        "databases": [*databases.rules(watched)],
        "telemetry": [*pipeline.rules(watched)],
        "prometheus": [*prometheus.rules(watched)],
        "stores": [*stores.rules(watched), *tempo.rules(watched)],
        "probes": [*probes.rules(watched)],
        "watchdog": [*watchdog.rules(watched)],
    }
    return of_contract(watched) | _some(others)


def _some(subjects: Subjects) -> Subjects:
    return {name: made for name, made in subjects.items() if made}


def texts(subjects: Subjects, watched: Watched) -> tuple[dict[str, str], dict[str, str]]:
    """Name -> text of the rules files, and of their tests."""
    rules = {name: rules_text(name, made, watched) for name, made in subjects.items()}
    tests = {file: text for name, made in subjects.items() for file, text in tests_texts(name, made, watched).items()}
    return rules, tests
