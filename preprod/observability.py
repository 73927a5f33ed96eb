"""The settings of the observability overlay: which components run, how long each signal is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from preprod.thresholds import Thresholds

ComponentName = Literal[
    "prometheus",
    "alertmanager",
    "loki",
    "tempo",
    "alloy",
    "grafana",
    "engine-proxy",
    "node-exporter",
    "postgres-exporter",
    "blackbox-exporter",
    "redis-exporter",
    "mongodb-exporter",
    "longterm",
]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]
DomainName = Annotated[str, Field(max_length=253, pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$")]


def _https(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"https://[^\s/@]+/\S+", value):
        raise ValueError("metrics leave the host over TLS alone: write https://<name>/<path>, credentials not in it")
    return value


def _a_day(value: object) -> object:
    if isinstance(value, int) and value < 1:
        raise ValueError("no store keeps anything for less than a day (Loki refuses less than 24 h): write 1 or more")
    return value


Days = Annotated[int, BeforeValidator(_a_day), Field(ge=1, le=3650)]

OPTIONAL: tuple[ComponentName, ...] = ("redis-exporter", "mongodb-exporter", "longterm")
"""Only for those who ask for them."""

USUAL: tuple[ComponentName, ...] = tuple(name for name in get_args(ComponentName) if name not in OPTIONAL)

NEEDS: dict[ComponentName, tuple[ComponentName, ...]] = {
    "alertmanager": ("prometheus",),
    "loki": ("alloy", "engine-proxy"),
    "tempo": ("alloy",),
    "alloy": ("prometheus",),
    "grafana": ("prometheus",),
    "engine-proxy": ("prometheus",),
    "node-exporter": ("prometheus",),
    "postgres-exporter": ("prometheus",),
    "blackbox-exporter": ("prometheus",),
    "redis-exporter": ("prometheus",),
    "mongodb-exporter": ("prometheus",),
    "longterm": ("prometheus",),
}
"""Component -> those without which it has nothing to do."""

SECONDS_PER_DAY = 86400


class Retention(BaseModel):
    """How long each signal is kept. Loki and Tempo know time alone; the metrics have a bound in bytes besides."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    metrics_days: Days = Field(30, description="Metrics, in days.")
    metrics_gb: float = Field(8, ge=0.5, description="Metrics at most, in GB (10^9 bytes); the oldest go first.")
    logs_days: Days = Field(30, description="Log lines, in days.")
    logs_days_by_level: dict[LogLevel, Days] = Field(
        default_factory=dict, description="Log lines of single levels, in days, as in `{'debug': 3}`."
    )
    audit_logs_days: Days = Field(90, description="Audit events, in days, whatever their level.")
    traces_days: Days = Field(14, description="Traces, in days.")
    longterm_days: Days = Field(400, description="Hourly aggregates of the component `longterm`, in days.")


class ObservabilitySettings(BaseModel):
    """What is said of the overlay; part of the settings of a host."""

    # -- observability ---------------------------------------------------------------------------
    observability: bool = Field(
        False,
        description="Whether the host watches itself and the app. Turned off again, the containers go and their "
        "volumes stay.",
    )
    observability_components: tuple[ComponentName, ...] = Field(
        USUAL, description="What it is watched with; what is left out is named in the report as not collected."
    )
    telemetry_contract: str = Field(
        "files/contracts/socialize.yaml",
        pattern=r"\.ya?ml$",
        description="The app's telemetry contract, a path relative to the checkout: redaction, rules and dashboards "
        "are made from it.",
    )
    retention: Retention = Field(Retention(), description="How long each signal is kept.")
    telemetry_outage_tolerance: int = Field(
        3600,
        ge=60,
        le=43200,
        description="Seconds that Prometheus, Loki or Tempo may be down without a gap afterwards: sizes Alloy's queue "
        "on disk, and how late data may come to each of them.",
    )
    scrape_interval: int = Field(30, ge=5, le=300, description="Seconds between two scrapes of a target.")
    observability_ports: bool = Field(
        False,
        description="Whether Prometheus, Alertmanager, Loki, Tempo, Alloy and Grafana answer on the loopback address "
        "of the host, at their usual ports, for debugging.",
    )
    grafana_domain: DomainName | None = Field(
        None, description="A public name for Grafana alone; without it Grafana is at `/grafana/` of the app's address."
    )
    grafana_users: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{1,38}$")], Literal["ops", "viewer"]] = Field(
        default_factory=dict,
        description="People beside `admin` and what they may do: `ops` edits and explores, `viewer` looks. First "
        "passwords are generated secrets, `grafana_user_<name>`.",
    )
    remote_write_url: Annotated[str, BeforeValidator(_https)] | None = Field(
        None,
        description="Where Prometheus sends the hourly aggregates besides (Mimir, Thanos or another Prometheus); "
        "only `https://`.",
    )
    remote_write_user: str | None = Field(
        None,
        pattern=r"^\S+$",
        description="Name there; its password is the supplied secret `remote_write_password`.",
    )
    redis_address: Annotated[str, Field(pattern=r"^rediss?://[^\s/@]+$")] | None = Field(
        None, description="What `redis-exporter` watches, as `redis://name:6379`."
    )
    redis_user: str | None = Field(
        None,
        pattern=r"^\S+$",
        description="Name there, `default` where there is a password alone; its password is the supplied secret "
        "`redis_password`.",
    )
    mongodb_address: Annotated[str, Field(pattern=r"^mongodb(\+srv)?://[^\s@]+$")] | None = Field(
        None,
        description="What `mongodb-exporter` watches, as `mongodb://name:27017`; without user and password, which it "
        "could take from its command line or environment alone.",
    )

    alert_thresholds: Thresholds = Field(
        Thresholds(), description="What is not normal, where the telemetry contract does not say it."
    )
    alert_owner: str = Field(
        "ops", pattern=r"^[a-z][a-z0-9._-]{0,62}$", description="Who is responsible for alerts: their label `owner`."
    )
    runbook_base_url: str = Field(
        "docs/runbooks",
        pattern=r"^\S+$",
        description="Where the runbooks can be read: an alert links to `<this>/<alert>.md`.",
    )
    alert_time_scale: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Factor of all times in alert rules, below 1 only to try them: windows of hours become minutes.",
    )

    def watches(self, component: ComponentName) -> bool:
        """Whether a component of the overlay runs."""
        return self.observability and component in self.observability_components

    @model_validator(mode="after")
    def _components_have_what_they_need(self) -> Self:
        chosen = self.observability_components
        for name in chosen:
            if missing := [needed for needed in NEEDS.get(name, ()) if needed not in chosen]:
                raise ValueError(
                    f"observability_components has {name} without {_and(missing)}, which it needs: "
                    f"add {_and(missing)}, or leave {name} out"
                )
        if self.observability and not chosen:
            raise ValueError("observability_components is empty: name some, or set observability = False")
        return self

    @model_validator(mode="after")
    def _watched_databases_have_addresses(self) -> Self:
        for name, address in (("redis", self.redis_address), ("mongodb", self.mongodb_address)):
            if (f"{name}-exporter" in self.observability_components) != (address is not None):
                raise ValueError(f"{name}-exporter and {name}_address go together: set both, or leave both out")
        if self.redis_user and not self.redis_address:
            raise ValueError("redis_user without redis_address has no effect: set it, or leave it out")
        return self

    @model_validator(mode="after")
    def _remote_write_has_a_url(self) -> Self:
        if self.remote_write_user and not self.remote_write_url:
            raise ValueError("remote_write_user without remote_write_url has no effect: set it, or leave it out")
        return self


def _and(names: Iterable[str]) -> str:
    return " and ".join(names)
