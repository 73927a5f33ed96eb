"""The settings of notifications: who gets which alerts, by what way, and how often.

What opens a way (a URL, a token, a password) is a supplied secret and never a setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from preprod.observability import ObservabilitySettings

Severity = Literal["critical", "warning", "info"]
"""critical: somebody is woken; warning: today; info: when one looks anyway."""

ReceiverName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,62}$")]
LabelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Address = Annotated[str, Field(pattern=r"^[^@\s<>,]+@[^@\s<>,]+$")]
Hours = Annotated[float, Field(gt=0, le=168)]

RESERVED = ("nobody", "dead_mans_switch")
"""Receivers that are there by themselves."""

TLS_PORT = "465"
"""Alertmanager 0.28 speaks TLS from the first byte at this port, and at no other."""


class _Receiver(BaseModel):
    """What all kinds of receivers have: which alerts they take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    severities: tuple[Severity, ...] = Field(("critical", "warning"), description="Severities that it gets.")
    owners: tuple[Name, ...] = Field((), description="Owners whose alerts it gets; none named means all.")
    components: tuple[Name, ...] = Field(
        (), description="Components (docs/alerts.md) whose alerts it gets; none named means all."
    )

    @property
    def has_secret(self) -> bool:
        """Whether its way is opened by a secret."""
        return True

    def takes(self, severity: str, owner: str, component: str) -> bool:
        """Whether it gets an alert with these labels."""
        mine = not self.owners or owner in self.owners
        return severity in self.severities and mine and (not self.components or component in self.components)


class Email(_Receiver):
    """Mail by a server of its own: the app's may be what is broken."""

    kind: Literal["email"] = Field(description="By mail; the secret is the password of `user`.")
    to: tuple[Address, ...] = Field(min_length=1, description="Addresses that get it.")
    mail_from: Address = Field(description="Address that it comes from.")
    smarthost: str = Field(pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}$", description="Mail server, as `name:port`.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is protected; `tls` is for port 465."
    )
    user: Annotated[str, Field(pattern=r"^\S+$")] | None = Field(None, description="Name at the mail server.")

    @property
    def has_secret(self) -> bool:
        return self.user is not None


class Slack(_Receiver):
    """An incoming webhook of Slack, or of what speaks as Slack does."""

    kind: Literal["slack"] = Field(description="By Slack; the secret is the URL of an incoming webhook.")
    channel: Annotated[str, Field(pattern=r"^[#@]\S+$")] | None = Field(
        None, description="Another channel than the webhook's."
    )


class Telegram(_Receiver):
    """A bot of Telegram."""

    kind: Literal["telegram"] = Field(description="By Telegram; the secret is the bot's token.")
    chat_id: int = Field(description="Number of the chat; those of groups are negative.")


class PagerDuty(_Receiver):
    """A service of PagerDuty."""

    kind: Literal["pagerduty"] = Field(description="By PagerDuty; the secret is an Events API v2 routing key.")


class Webhook(_Receiver):
    """A URL that is sent Alertmanager's JSON."""

    kind: Literal["webhook"] = Field(description="Alertmanager's JSON by POST; the secret is the URL.")


Receiver = Annotated[Email | Slack | Telegram | PagerDuty | Webhook, Field(discriminator="kind")]


class Grouping(BaseModel):
    """How alerts are gathered into messages, and when a message is sent again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: tuple[LabelName, ...] = Field(
        ("alertname", "component"), min_length=1, description="Labels; alerts that agree in them share a message."
    )
    wait_seconds: int = Field(30, ge=1, le=3600, description="How long the first message waits for more alerts.")
    interval_seconds: int = Field(300, ge=1, le=86400, description="Time between messages of one group.")
    critical_repeat_hours: Hours = Field(4, description="After so long a critical alert is sent again.")
    warning_repeat_hours: Hours = Field(24, description="After so long a warning is sent again.")
    info_repeat_hours: Hours = Field(168, description="After so long anything else is sent again.")

    def repeat_seconds(self, severity: Severity) -> int:
        """Seconds until an alert of this severity that still fires is sent again."""
        hours: float = getattr(self, f"{severity}_repeat_hours")
        return round(hours * 3600)


def receiver_secret(name: str) -> str:
    """The supplied secret that opens a receiver's way."""
    return f"alert_receiver_{name}"


class NotificationSettings(ObservabilitySettings):
    """What is said of notifications; part of the settings of a host."""

    # -- notifications ---------------------------------------------------------------------------
    alert_receivers: dict[ReceiverName, Receiver] = Field(
        default_factory=dict,
        description="Who gets alerts, by name; without any they are only shown. What opens a receiver's way is the "
        "supplied secret `alert_receiver_<name>`.",
    )
    alert_grouping: Grouping = Field(
        Grouping(), description="How alerts are gathered into messages, and when these are sent again."
    )
    dead_mans_switch: bool = Field(
        False,
        description="Whether the URL of the supplied secret `dead_mans_switch_url` is called every minute while alerts "
        "work, so that a service elsewhere alarms when the calls stop.",
    )

    @model_validator(mode="after")
    def _receivers_can_be_used(self) -> Self:
        for sentence in (*self._without_alertmanager(), *self._names(), *self._mail(), *self._twins()):
            raise ValueError(sentence)
        return self

    def _without_alertmanager(self) -> Iterator[str]:
        said = [name for name in ("alert_receivers", "dead_mans_switch") if getattr(self, name)]
        if said and self.observability and not self.watches("alertmanager"):
            yield (
                f"{' and '.join(said)} without alertmanager in observability_components has no effect: "
                "add it, or leave them out"
            )

    def _names(self) -> Iterator[str]:
        if taken := sorted(self.alert_receivers.keys() & set(RESERVED)):
            yield f"alert_receivers names {taken[0]}, which is there already: choose another name"
        for name, receiver in self.alert_receivers.items():
            for field in ("severities", "owners", "components"):
                given = getattr(receiver, field)
                if len(set(given)) < len(given):
                    yield f"alert_receivers.{name} names one of its {field} twice: name each once"

    def _mail(self) -> Iterator[str]:
        for name, receiver in self.alert_receivers.items():
            if not isinstance(receiver, Email):
                continue
            _, _, port = receiver.smarthost.partition(":")
            if not 0 < int(port) < 65536:
                yield f"alert_receivers.{name}.smarthost has the port {port}: write one from 1 to 65535"
            if (receiver.security == "tls") != (port == TLS_PORT):
                yield (
                    f"alert_receivers.{name} has security '{receiver.security}' at port {port}: Alertmanager speaks "
                    f"TLS from the first byte at port {TLS_PORT} alone; use 'tls' with it, 'starttls' with others"
                )
            if receiver.security == "none" and receiver.user:
                yield f"alert_receivers.{name} would send its password without TLS: use 'starttls', or leave user out"

    def _twins(self) -> Iterator[str]:
        mails = [(name, one) for name, one in self.alert_receivers.items() if isinstance(one, Email)]
        for (first, one), (second, other) in combinations(mails, 2):
            if set(one.to) & set(other.to) and set(one.severities) & set(other.severities) and _overlap(one, other):
                yield f"alert_receivers {first} and {second} send alerts to one address twice: leave it out of one"


def _overlap(one: _Receiver, other: _Receiver) -> bool:
    pairs = ((one.owners, other.owners), (one.components, other.components))
    return all(not mine or not theirs or set(mine) & set(theirs) for mine, theirs in pairs)
