"""What Alertmanager does not send because another alert says more."""

from __future__ import annotations

from preprod.observability import OPTIONAL, USUAL
from preprod.render import alerts_page
from preprod.render.observability.inhibition import Inhibition, Wanted, inhibitions
from preprod.render.observability.prometheus import app_jobs
from preprod.render.rules.rule import Alert
from unit.given import settings
from unit.test_alertmanager import config, text
from unit.test_alerts import alerts, written

RANK = {"critical": 2, "warning": 1, "info": 0}


def muting() -> list[Inhibition]:
    whole = alerts_page.whole("socialize")
    return inhibitions(alerts(), whole.components, app_jobs(whole.contract))


def has(wanted: Wanted, alert: Alert) -> bool:
    """Whether an alert may have these labels; those that its expression gives it are not known here."""
    known = {"alertname": alert.alert, **{k: v for k, v in alert.labels.items() if "{{" not in v}}
    return all(label not in known or known[label] in values for label, values in wanted.items())


def test_nothing_is_muted_by_what_is_less_severe() -> None:
    for one in muting():
        sources = [alert for alert in alerts() if has(one.source, alert)]
        targets = [alert for alert in alerts() if has(one.target, alert)]
        assert sources
        assert targets
        least = min(RANK[alert.severity] for alert in sources)
        assert max(RANK[alert.severity] for alert in targets) <= least, one


def test_the_dead_mans_switch_is_muted_by_nothing() -> None:
    for rule in config(settings(observability=True))["inhibit_rules"]:
        assert 'alertname!="Watchdog"' in rule["target_matchers"]


def test_a_cause_fires_on_until_its_effects_are_over() -> None:
    causes = {name for one in muting() for name in one.source.get("alertname", ()) if one.target.get("component")}
    found = {alert.alert: alert.linger for alert in alerts() if alert.alert in {"PostgresDown", "ContainerMissing"}}
    assert set(found) <= causes
    # Longer than the scrape and the evaluation that say that the effects are over.
    assert min(found.values()) >= 2 * settings().scrape_interval
    rule = next(one for one in written() if one["alert"] == "PostgresDown")
    assert rule["keep_firing_for"] == "2m"


def test_every_name_and_component_in_it_is_an_alerts() -> None:
    names, components = {alert.alert for alert in alerts()}, {alert.component for alert in alerts()}
    jobs = {*alerts_page.jobs(), *components}
    for one in muting():
        for wanted in (one.source, one.target):
            assert set(wanted.get("alertname", ())) <= names
            assert set(wanted.get("component", ())) <= jobs
            assert set(wanted.get("service", ())) <= alerts_page.whole("socialize").components


def test_no_source_is_an_alert_that_no_rule_makes() -> None:
    made = {(alert.alert, alert.marks.get("service")) for alert in alerts()}
    for one in muting():
        for name in one.source.get("alertname", ()):
            for service in one.source.get("service", ()):
                assert {(name, service), (name, None)} & made, one


def test_that_containers_are_not_watched_is_told_once() -> None:
    wanted: Wanted = {"alertname": ["ContainersUnwatched"]}
    [muted] = [one for one in muting() if one.source == wanted]
    [down] = {(alert.alert, alert.severity) for alert in alerts() if alert.alert == "TargetDown"}
    assert muted.equal == ("job",)
    assert down[1] in muted.target["severity"]
    unwatched = next(alert for alert in alerts() if alert.alert == "ContainersUnwatched")
    # Sooner than what it mutes, and on until that is over.
    assert unwatched.hold < next(alert.hold for alert in alerts() if alert.alert == "TargetDown")
    assert unwatched.linger >= 2 * settings().scrape_interval


def test_what_no_alert_tells_is_left_out() -> None:
    few = ["prometheus", "alertmanager"]
    made = text(settings(observability=True, observability_components=few))
    assert "PostgresDown" not in made
    assert "ContainerMissing" not in made
    assert "TelemetryMissing" in made
    everything = settings(
        observability=True,
        observability_components=[*USUAL, *OPTIONAL],
        redis_address="redis://cache:6379",
        mongodb_address="mongodb://mongo:27017",
    )
    assert "PostgresDown" in text(everything)
