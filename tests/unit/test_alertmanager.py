"""Alertmanager's configuration. Its routes are followed by amtool itself, in `tests/world/test_routes.py`."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from preprod import secrets
from preprod.notifications import Grouping
from preprod.render import alerts_page
from preprod.render.observability import View, alertmanager
from preprod.secrets import Secret
from preprod.settings import Settings, SettingsError
from unit.given import bundle, chosen, settings

FILES = bundle(settings(observability=True))
MAIL = {"kind": "email", "to": ["ops@example.org"], "mail_from": "preprod@example.org", "smarthost": "mail:587"}
EVERY = {
    "mail": MAIL,
    "chat": {"kind": "slack", "channel": "#ops", "severities": ["critical", "warning", "info"]},
    "phone": {"kind": "telegram", "chat_id": -100},
    "night": {"kind": "pagerduty", "severities": ["critical"]},
    "hook": {"kind": "webhook", "owners": ["ops", "o.ther"], "components": ["host", "containers"]},
}


def notifying(**receivers: Any) -> Settings:
    return settings(observability=True, alert_receivers=receivers)


def text(of: Settings, name: str = "alertmanager.yml") -> str:
    view = View(of, chosen(of), alerts_page.whole("socialize").contract)
    return alertmanager.files(view)[f"alertmanager/{name}"].text


def config(of: Settings) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(text(of))
    return read


# -- who gets what -----------------------------------------------------------------------------------
def test_without_receivers_alerts_are_grouped_and_sent_to_nobody() -> None:
    made = config(settings(observability=True))
    assert made["receivers"] == [{"name": "nobody"}]
    assert {made["route"]["receiver"], *(route["receiver"] for route in made["route"]["routes"])} == {"nobody"}
    assert made["route"]["group_by"] == list(Grouping().by)


def test_a_route_for_each_severity_that_a_receiver_takes() -> None:
    grouping = {"wait_seconds": 7, "critical_repeat_hours": 0.5}
    made = config(settings(observability=True, alert_receivers={"hook": EVERY["hook"]}, alert_grouping=grouping))
    _, critical, warning = made["route"]["routes"]
    narrowed = ['owner=~"ops|o\\\\.ther"', 'component=~"host|containers"']
    assert critical["matchers"] == ['severity="critical"', *narrowed]
    assert warning["matchers"] == ['severity="warning"', *narrowed]
    assert (critical["repeat_interval"], warning["repeat_interval"]) == ("1800s", "86400s")
    assert made["route"]["group_wait"] == "7s"
    # One receiver does not take an alert away from the next.
    assert critical["continue"]
    assert warning["continue"]


def test_the_dead_mans_switch_goes_nowhere_else() -> None:
    made = config(settings(observability=True, alert_receivers=EVERY, dead_mans_switch=True))
    first = made["route"]["routes"][0]
    assert (first["matchers"], first["receiver"]) == (['alertname="Watchdog"'], "dead_mans_switch")
    assert "continue" not in first
    assert config(notifying(**EVERY))["route"]["routes"][0]["receiver"] == "nobody"


def test_what_amtool_is_to_find_is_what_the_settings_ask_for() -> None:
    said = text(notifying(**EVERY), "routes.txt").splitlines()
    routes = dict(reversed(line.split(" ", 1)) for line in said)
    assert routes["severity=critical owner=ops component=host"] == "mail,chat,phone,night,hook"
    assert routes["severity=warning owner=o.ther component=containers"] == "mail,chat,phone,hook"
    assert routes["severity=warning owner=else component=host"] == "mail,chat,phone"
    assert routes["severity=info owner=ops component=host"] == "chat"
    assert routes["alertname=Watchdog severity=info owner=ops component=prometheus"] == "nobody"
    # Severities by owners (two and any other) by components (the same), and the dead man's switch.
    assert len(said) == len(routes) == 3 * 3 * 3 + 1


# -- by what way -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "integration", "key"),
    [
        ("chat", "slack_configs", "api_url_file"),
        ("phone", "telegram_configs", "bot_token_file"),
        ("night", "pagerduty_configs", "routing_key_file"),
        ("hook", "webhook_configs", "url_file"),
    ],
)
def test_what_opens_a_way_is_a_supplied_secret_and_read_from_its_file(kind: str, integration: str, key: str) -> None:
    of = notifying(**{kind: EVERY[kind]})
    (sent,) = config(of)["receivers"][1][integration]
    assert sent[key] == f"/run/secrets/alert_receiver_{kind}"
    assert sent["send_resolved"] is True
    assert Secret(f"alert_receiver_{kind}", ("alertmanager",), must_be_supplied=True) in secrets.wanted(of)
    service = yaml.safe_load(bundle(of)["compose.observability.yaml"].text)["services"]["alertmanager"]
    assert "/etc/preprod/secrets/alertmanager:/run/secrets:ro" in service["volumes"]


def test_mail_has_a_server_of_its_own_and_a_password_where_it_has_a_user() -> None:
    of = notifying(mail=MAIL)
    (sent,) = config(of)["receivers"][1]["email_configs"]
    assert (sent["smarthost"], sent["require_tls"], sent["html"]) == ("mail:587", True, "")
    assert "auth_username" not in sent
    assert not [secret for secret in secrets.wanted(of) if "alertmanager" in secret.readers]
    (sent,) = config(notifying(mail={**MAIL, "user": "me"}))["receivers"][1]["email_configs"]
    assert (sent["auth_username"], sent["auth_password_file"]) == ("me", "/run/secrets/alert_receiver_mail")


def test_tls_from_the_first_byte_asks_for_no_other() -> None:
    tls = {**MAIL, "smarthost": "mail:465", "security": "tls"}
    (sent,) = config(notifying(mail=tls))["receivers"][1]["email_configs"]
    assert sent["require_tls"] is False


def test_the_url_of_the_dead_mans_switch_is_a_secret() -> None:
    of = settings(observability=True, dead_mans_switch=True)
    (sent,) = config(of)["receivers"][1]["webhook_configs"]
    assert sent == {"url_file": "/run/secrets/dead_mans_switch_url", "send_resolved": False}
    assert Secret("dead_mans_switch_url", ("alertmanager",), must_be_supplied=True) in secrets.wanted(of)


def test_without_alertmanager_no_secret_is_asked_for() -> None:
    off = settings(alert_receivers=EVERY, dead_mans_switch=True)
    assert not [secret for secret in secrets.wanted(off) if "alertmanager" in secret.readers]


def test_no_message_tells_labels() -> None:
    template = FILES["alertmanager/messages.tmpl"].text
    assert set(re.findall(r"Labels(?:[.](\w+))?", template)) == {"severity", "environment", "alertname"}


# -- what cannot be ----------------------------------------------------------------------------------
REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"a": {"kind": "pigeon"}},
        "setting 'alert_receivers.a': Input tag 'pigeon' found using 'kind' does not match any of the expected tags: "
        "'email', 'slack', 'telegram', 'pagerduty', 'webhook'",
    ),
    ({"a": {}}, "setting 'alert_receivers.a': Unable to extract tag using discriminator 'kind'"),
    (
        {"a": {"kind": "telegram"}},
        "setting 'alert_receivers.a.telegram.chat_id' is missing (docs/settings.md lists what is needed)",
    ),
    (
        {"a": {"kind": "webhook", "url": "https://example.org/canary"}},
        "unknown setting 'alert_receivers.a.webhook.url' (docs/settings.md lists them)",
    ),
    (
        {"a": {"kind": "webhook", "severities": ["urgent"]}},
        "setting 'alert_receivers.a.webhook.severities.0' is 'urgent', but: Input should be 'critical', 'warning' or "
        "'info'",
    ),
    (
        {"a": {**MAIL, "security": "tls"}},
        "alert_receivers.a has security 'tls' at port 587: Alertmanager speaks TLS from the first byte at port 465 "
        "alone; use 'tls' with it, 'starttls' with others",
    ),
    (
        {"a": {**MAIL, "security": "none", "user": "me"}},
        "alert_receivers.a would send its password without TLS: use 'starttls', or leave user out",
    ),
    (
        {"a": {**MAIL, "smarthost": "mail:70000"}},
        "alert_receivers.a.smarthost has the port 70000: write one from 1 to 65535",
    ),
    (
        {"a": MAIL, "b": {**MAIL, "components": ["host"]}},
        "alert_receivers a and b send alerts to one address twice: leave it out of one",
    ),
    (
        {"a": {"kind": "webhook", "severities": ["info", "info"]}},
        "alert_receivers.a names one of its severities twice: name each once",
    ),
    ({"nobody": MAIL}, "alert_receivers names nobody, which is there already: choose another name"),
]


@pytest.mark.parametrize(("receivers", "sentence"), REFUSED)
def test_what_cannot_be_is_refused_in_a_sentence(receivers: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        notifying(**receivers)
    assert str(refused.value) == sentence


def test_receivers_without_alertmanager_are_refused() -> None:
    with pytest.raises(SettingsError, match="alert_receivers without alertmanager in observability_components"):
        settings(observability=True, observability_components=["prometheus"], alert_receivers={"a": MAIL})


def test_mails_of_different_components_may_go_to_one_address() -> None:
    first, second = ({**MAIL, "components": [component]} for component in ("host", "app"))
    assert notifying(a=first, b=second)


@pytest.mark.parametrize("of", [{"owners": ["night"]}, {"components": ["lokki"]}, {"severities": []}])
def test_a_receiver_whom_no_alert_reaches_is_refused(of: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"^no alert reaches alert_receivers[.]a: their owner is ops, .* loki"):
        text(notifying(a={"kind": "webhook", **of}))


# -- how it runs -------------------------------------------------------------------------------------
def test_it_runs_alone_and_remembers_for_longer_than_it_may_wait() -> None:
    flags = yaml.safe_load(FILES["compose.observability.yaml"].text)["services"]["alertmanager"]["command"]
    assert "--cluster.listen-address=" in flags
    (retention,) = [flag for flag in flags if flag.startswith("--data.retention=")]
    longest = max(field.metadata[-1].le for name, field in Grouping.model_fields.items() if "repeat" in name)
    assert int(retention.partition("=")[2].removesuffix("h")) > longest


def test_it_is_reloaded_by_the_same_script_as_prometheus() -> None:
    assert FILES["alertmanager/reload.sh"] == FILES["prometheus/reload.sh"]


def test_one_missed_call_of_the_switch_wakes_nobody_and_other_receivers_are_told_of_at_once() -> None:
    def failing(**changes: Any) -> dict[str, tuple[str, str]]:
        text = bundle(settings(observability=True, **changes))["prometheus/rules/stores.yml"].text
        found = {rule["alert"]: rule for rule in yaml.safe_load(text)["groups"][0]["rules"]}
        return {
            name: (found[name]["expr"], found[name].get("for", ""))
            for name in ("NotificationsFailing", "WebhooksFailing")
            if name in found
        }

    alone = failing()
    assert alone.keys() == {"NotificationsFailing"}
    assert 'failed_total{job="alertmanager"}' in alone["NotificationsFailing"][0]
    switch = failing(dead_mans_switch=True)
    assert 'integration!="webhook"' in switch["NotificationsFailing"][0]
    assert (alone["NotificationsFailing"][1], switch["NotificationsFailing"][1]) == ("", "")
    assert "[450s]" in switch["WebhooksFailing"][0]
    assert switch["WebhooksFailing"][1] == "15m"
    rarely = failing(dead_mans_switch=True, alert_grouping={"interval_seconds": 1200})
    assert ("[30m]" in rarely["WebhooksFailing"][0], rarely["WebhooksFailing"][1]) == (True, "1h")
