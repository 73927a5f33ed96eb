"""What an operator can set: one model that is schema, defaults and reference page at once.

Values come from pyinfra's host data (``--data``, host, group, ``all``; strongest first). An
unknown or ill-typed value is refused in one sentence before anything is touched.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, IPvAnyNetwork, ValidationError, model_validator
from pydantic_core import ErrorDetails

from preprod.notifications import NotificationSettings
from preprod.observability import DomainName
from preprod.references import familiar, is_pinned

HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")]
ImageReference = Annotated[str, Field(pattern=r"^[a-z0-9][\w./:-]*(@sha256:[0-9a-f]{64})?$"), AfterValidator(familiar)]
SecretName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Port = Annotated[int, Field(ge=1, le=65535)]


class SettingsError(Exception):
    """The settings cannot be used; the message names each bad one and what to write instead."""


class FirewallRule(BaseModel):
    """Who may reach the published ports: one source network, and which ports it may use."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: IPvAnyNetwork = Field(description="Network in CIDR notation.")
    ports: tuple[Port, ...] = Field((), description="Published TCP ports that it may reach; none named means all.")


class Settings(NotificationSettings):
    """Every setting of a host."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    # -- the app ---------------------------------------------------------------------------------
    environment: str = Field(
        "preprod",
        pattern=r"^[a-z][a-z0-9-]{0,30}$",
        description="Name of the environment (`deployment.environment.name` of every signal).",
    )
    app_image: ImageReference | None = Field(
        None, description="The app's image, with a tag or digest; none builds the reference app from `files/app`."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that the app logs."
    )
    session_ttl_hours: int = Field(168, ge=1, le=8760, description="Life of a log-in session, in hours.")
    db_pool_size: int = Field(5, ge=1, le=100, description="Database connections that one app process keeps.")
    health_timeout: int = Field(
        180, ge=5, le=3600, description="Seconds that a service may take to become healthy in a deploy."
    )

    public_url: HttpUrl | None = Field(
        None, description="Where people reach the app; none is made of `domain` or of the loopback port."
    )
    smtp_host: str | None = Field(
        None, pattern=r"^[A-Za-z0-9.-]+$", description="Mail server for invites; without it invites answer 503."
    )
    smtp_port: Port = Field(587, description="TCP port of the mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to the mail server is protected."
    )
    smtp_user: str | None = Field(
        None,
        pattern=r"^\S+$",
        description="Name at the mail server; its password is the supplied secret `smtp_password`.",
    )
    mail_from: str | None = Field(None, pattern=r"^[^@\s<>]+@[^@\s<>]+$", description="Address that mail comes from.")
    s3_bucket: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="Bucket for uploads; its keys are the supplied secrets `s3_access_key` and `s3_secret_key`. "
        "Without it uploads lie in the volume `api-data`.",
    )
    s3_endpoint: HttpUrl | None = Field(None, description="URL of an S3-compatible service; none is Amazon's own.")
    s3_region: str = Field("us-east-1", pattern=r"^[a-z0-9-]+$", description="Region of the bucket.")
    otlp_endpoint: HttpUrl | None = Field(
        None,
        description="Base URL of an OTLP/HTTP receiver that containers reach, for the app's traces and metrics; "
        "without it the app sends nothing.",
    )
    metrics_transport: Literal["otlp", "scrape"] = Field(
        "otlp",
        description="Whether the app pushes its metrics to `otlp_endpoint`, or answers a Prometheus on port 9464 of "
        "its Compose networks.",
    )
    trace_sample_ratio: float = Field(1.0, ge=0, le=1, description="Share of requests whose trace is kept.")
    app_secrets: tuple[SecretName, ...] = Field(
        (),
        description="Further secrets that the app reads at `/run/secrets/<name>`; each must be supplied.",
    )

    # -- the way in ------------------------------------------------------------------------------
    domain: DomainName | None = Field(
        None,
        description="Public name of the app. With it Caddy listens on all addresses (ports 80 and 443) and gets a "
        "certificate by ACME; without it Caddy listens on the loopback address alone.",
    )
    http_port: Port = Field(8080, description="Loopback port of the app while no `domain` is set.")
    acme_email: str | None = Field(
        None, pattern=r"^[^@\s{}]+@[^@\s{}]+$", description="Contact address for the certificate authority."
    )
    acme_directory: HttpUrl | None = Field(
        None, description="Directory URL of another ACME authority; none uses Caddy's own choice."
    )
    acme_root: str | None = Field(
        None,
        pattern=r"^-----BEGIN CERTIFICATE-----\n",
        description="PEM certificate by which the ACME authority itself is trusted (private authorities only).",
    )

    # -- the engine ------------------------------------------------------------------------------
    docker_source: Literal["docker", "distribution"] = Field(
        "docker",
        description="Where a missing Docker Engine comes from: Docker's own package repository, or the distribution's. "
        "An engine that is there and new enough is used as it is.",
    )
    docker_packages: HttpUrl = Field(
        "https://download.docker.com/linux", description="Docker's package repository, or a mirror of it."
    )
    docker_packages_key: Annotated[str, Field(pattern=r"^[0-9A-F]{40}$")] = Field(
        "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
        description="Fingerprint of the key that signs this repository; another key is refused.",
    )
    docker_daemon: dict[str, Any] = Field(
        default_factory=dict,
        description="Keys of `daemon.json` to enforce; everything else in the operator's file is kept.",
    )
    disk_free_min_gb: float = Field(
        4, ge=1, description="Free disk space without which nothing is started, in GB (10^9 bytes)."
    )

    # -- images ----------------------------------------------------------------------------------
    image_source: Literal["registry", "archives", "packages"] = Field(
        "registry",
        description="Where images come from: official ones from a registry, archives on the controller "
        "(`docker save` format), or built on the host from the distribution's packages and PyPI.",
    )
    image_mirror: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9.:/-]*[a-z0-9]$",
        description="Registry that mirrors the official images, as `host[:port][/path]`.",
    )
    image_archives: str | None = Field(
        None, description="Directory on the controller that holds the archives (`*.tar`, `*.tar.gz`)."
    )
    images_kept: int = Field(
        2,
        ge=1,
        le=100,
        description="How many built images of each kind stay on the host after a deploy: the one that is in use, and "
        "those before it, to go back to.",
    )
    packages_date: str = Field(
        "2026-11-01",
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="Change it to rebuild package-built images with the packages of today.",
    )
    debian_mirror: HttpUrl = Field(
        "http://deb.debian.org/debian", description="Debian mirror for package-built images."
    )
    debian_security_mirror: HttpUrl = Field(
        "http://deb.debian.org/debian-security", description="Its mirror of security updates."
    )

    # -- the firewall ----------------------------------------------------------------------------
    firewall: bool = Field(
        False,
        description="Rules in `DOCKER-USER` that let only `firewall_allow` reach published ports from outside.",
    )
    firewall_allow: tuple[FirewallRule, ...] = Field(
        (FirewallRule(source="0.0.0.0/0", ports=(80, 443)), FirewallRule(source="::/0", ports=(80, 443))),
        description="Sources and the published ports that each may reach.",
    )

    # -- secrets ---------------------------------------------------------------------------------
    secret_generation: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict,
        description="Raise the number of a generated secret to rotate it, as in `{'app_db_password': 2}`.",
    )
    secrets_file: str | None = Field(
        None,
        description="Uncommitted `NAME=value` file on the controller with supplied secrets; the environment "
        "(`PREPROD_SECRET_<NAME>`) is stronger.",
    )

    @model_validator(mode="after")
    def _the_app_is_pinned(self) -> Self:
        if self.app_image and not is_pinned(self.app_image):
            name = self.app_image.rstrip(":")
            raise ValueError(f"app_image {name} has no tag: write {name}:<version>")
        return self

    @model_validator(mode="after")
    def _archives_need_a_directory(self) -> Self:
        if self.image_source == "archives" and self.image_archives is None:
            raise ValueError("image_source = 'archives' needs image_archives: name the directory that holds them")
        return self

    @model_validator(mode="after")
    def _mail_needs_a_sender(self) -> Self:
        if (self.smtp_host is None) != (self.mail_from is None):
            raise ValueError("smtp_host and mail_from are set together: set both, or leave both out")
        if self.smtp_user and self.smtp_host is None:
            raise ValueError("smtp_user without smtp_host has no effect: set smtp_host, or leave it out")
        return self

    @model_validator(mode="after")
    def _one_receiver(self) -> Self:
        if self.observability and self.otlp_endpoint:
            raise ValueError(
                "otlp_endpoint with observability = True would be two receivers of one signal: leave one of them out"
            )
        if self.grafana_domain and not self.domain:
            raise ValueError("grafana_domain without domain has no effect: set domain, or leave it out")
        return self

    @model_validator(mode="after")
    def _acme_needs_a_domain(self) -> Self:
        alone = [name for name in ("acme_email", "acme_directory", "acme_root") if getattr(self, name)]
        if alone and self.domain is None:
            raise ValueError(f"{', '.join(alone)} without domain has no effect: set domain, or leave it out")
        return self


def load(data: Mapping[str, Any], foreign: Iterable[str] = ()) -> Settings:
    """Settings from host data.

    :param data: name -> value as pyinfra merged it.
    :param foreign: names that belong to others (pyinfra's connectors) and are left out, as are names that begin
        with an underscore (pyinfra's global arguments).
    :raises SettingsError: names every bad setting, its value, what was expected, and the nearest known name.
    """
    skip = set(foreign)
    own = {name: value for name, value in data.items() if name not in skip and not name.startswith("_")}
    try:
        # As JSON: strict about types (True is no port, "8080" none either), yet a list will do for every sequence.
        return Settings.model_validate_json(json.dumps(own, default=str), strict=True)
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(detail) for detail in error.errors())) from None


def _sentence(detail: ErrorDetails) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"unknown setting '{name}'{_nearest(name)} (docs/settings.md lists them)"
    if not name:
        return str(detail["msg"]).removeprefix("Value error, ")
    # What is wrong with a whole mapping is said without it: somebody may have written a secret there.
    if detail["type"] == "missing":
        return f"setting '{name}' is missing (docs/settings.md lists what is needed)"
    if detail["type"].startswith("union_tag"):
        return f"setting '{name}': {detail['msg']}"
    value = repr(detail["input"])
    said = str(detail["msg"]).removeprefix("Value error, ")
    shown = value if len(value) <= 80 else f"{value[:80]}..."
    return f"setting '{name}' is {shown}, but: {said}"


def _nearest(name: str) -> str:
    known = [] if "." in name else Settings.model_fields
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f": did you mean '{close[0]}'?" if close else ""
