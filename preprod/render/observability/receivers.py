"""Receivers in Alertmanager's terms, for versions 0.28 and 0.34 alike: every secret is read from its file."""

from __future__ import annotations

from typing import Any

from preprod.notifications import Email, PagerDuty, Receiver, Slack, Telegram, receiver_secret
from preprod.secrets import DEAD_MANS_SWITCH_URL
from preprod.settings import Settings

NOBODY = "nobody"
DEAD_MANS_SWITCH = "dead_mans_switch"


def _template(name: str) -> str:
    return f'{{{{ template "preprod.{name}" . }}}}'


_TITLE, _TEXT, _LINK, _COLOR, _SEVERITY = map(_template, ("title", "text", "link", "color", "severity"))


def receivers(settings: Settings) -> list[dict[str, Any]]:
    """Nobody, those of the settings, and the one who hears that alerts work."""
    named = [
        {"name": name, **_integration(one, _file(receiver_secret(name)))}
        for name, one in settings.alert_receivers.items()
    ]
    call = {"url_file": _file(DEAD_MANS_SWITCH_URL), "send_resolved": False}
    switch = [{"name": DEAD_MANS_SWITCH, "webhook_configs": [call]}] if settings.dead_mans_switch else []
    return [{"name": NOBODY}, *named, *switch]


def _file(secret: str) -> str:
    return f"/run/secrets/{secret}"


def _integration(receiver: Receiver, secret: str) -> dict[str, Any]:
    if isinstance(receiver, Email):
        return {"email_configs": [_email(receiver, secret)]}
    if isinstance(receiver, Slack):
        return {"slack_configs": [_slack(receiver, secret)]}
    if isinstance(receiver, Telegram):
        return {"telegram_configs": [_telegram(receiver, secret)]}
    if isinstance(receiver, PagerDuty):
        return {"pagerduty_configs": [_pagerduty(secret)]}
    return {"webhook_configs": [{"url_file": secret, "send_resolved": True}]}


def _email(receiver: Email, secret: str) -> dict[str, Any]:
    login = {"auth_username": receiver.user, "auth_password_file": secret} if receiver.user else {}
    return {
        "to": ", ".join(receiver.to),
        "from": receiver.mail_from,
        "smarthost": receiver.smarthost,
        # It would ask for STARTTLS within TLS.
        "require_tls": receiver.security == "starttls",
        **login,
        "headers": {"Subject": _TITLE},
        "text": _TEXT,
        "html": "",
        "send_resolved": True,
    }


def _slack(receiver: Slack, secret: str) -> dict[str, Any]:
    channel = {"channel": receiver.channel} if receiver.channel else {}
    return {
        "api_url_file": secret,
        **channel,
        "title": _TITLE,
        "title_link": _LINK,
        "fallback": _TITLE,
        "text": _TEXT,
        "color": _COLOR,
        "send_resolved": True,
    }


def _telegram(receiver: Telegram, secret: str) -> dict[str, Any]:
    return {
        "bot_token_file": secret,
        "chat_id": receiver.chat_id,
        # Plain: what stands in a summary is no markup.
        "parse_mode": "",
        "message": f"{_TITLE}\n\n{_TEXT}",
        "send_resolved": True,
    }


def _pagerduty(secret: str) -> dict[str, Any]:
    return {
        "routing_key_file": secret,
        "description": _TITLE,
        "severity": _SEVERITY,
        "client": "Socialize Preprod",
        "client_url": _LINK,
        # In place of Alertmanager's own, which tell every label.
        "details": {"firing": _TEXT, "resolved": ""},
        "send_resolved": True,
    }
