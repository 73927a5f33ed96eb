"""Settings, read from environment variables named ``SOCIALIZE_<FIELD>``."""

import difflib
import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "SOCIALIZE_"
_SERVICE = r"^https?://[^/?#@]+(/[^?#]*)?$"


class SettingsError(ValueError):
    """One sentence that says which variable is wrong and what was expected; it holds no value."""


def _readable_secret(path: Path) -> Path:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ValueError(f"cannot read {path} ({reason})") from error
    if not text:
        raise ValueError(f"{path} is empty")
    return path


def _content(path: Path) -> SecretStr:
    return SecretStr(path.read_text(encoding="utf-8").strip())


SecretFile = Annotated[Path, AfterValidator(_readable_secret)]
"""A file with one secret; white space around it is dropped. Read once, at start."""


class Settings(BaseSettings):
    """Everything that can be set from outside. Each field's variable is its name in upper case, prefixed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    db_host: Annotated[str, Field(min_length=1)]
    """Host name or address of Postgres, or the directory of its Unix socket."""
    db_port: Annotated[int, Field(ge=1, le=65535)] = 5432
    db_name: Annotated[str, Field(min_length=1)] = "socialize"
    db_user: Annotated[str, Field(min_length=1)] = "socialize"
    db_password_file: SecretFile
    """File with the password of `db_user`."""
    db_pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    """Most connections to Postgres that requests use at once; readiness checks use two of their own."""
    environment: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = "development"
    """Deployment environment name (`deployment.environment.name` in the OpenTelemetry conventions)."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    """TCP port of the API, on all addresses."""
    session_ttl_hours: Annotated[int, Field(ge=1, le=8760)] = 168
    """Hours from log-in until the session token ends."""
    drain_seconds: Annotated[float, Field(ge=0, le=300)] = 5.0
    """Seconds between SIGTERM and the end of listening: readiness answers 503, so that proxies turn away."""
    shutdown_timeout_seconds: Annotated[int, Field(ge=1, le=300)] = 20
    """Seconds that requests in flight then have to finish."""

    forwarded_hops: Annotated[int, Field(ge=0, le=10)] = 0
    """Reverse proxies in front that each add to X-Forwarded-For; 0 means that clients connect directly."""
    login_limit_per_email: Annotated[int, Field(ge=1, le=100_000)] = 10
    """Failed log-ins for one e-mail address within `login_limit_window_seconds`, before 429."""
    login_limit_per_client: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """Failed log-ins from one client address within `login_limit_window_seconds`, before 429."""
    login_limit_window_seconds: Annotated[int, Field(ge=1, le=86_400)] = 900

    blob_path: Path | None = None
    """Directory for uploads. Without it and without S3, uploads answer 503."""
    s3_bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] | None = None
    """Bucket for uploads, instead of `blob_path`."""
    s3_endpoint: Annotated[str, Field(pattern=r"^https?://[^/?#@]+/?$")] | None = None
    """URL of an S3-compatible service; none for Amazon's own."""
    s3_region: Annotated[str, Field(min_length=1)] = "us-east-1"
    s3_access_key_file: SecretFile | None = None
    s3_secret_key_file: SecretFile | None = None
    upload_max_bytes: Annotated[int, Field(ge=1, le=1024**3)] = 8 * 1024**2
    """Most bytes of one upload. A proxy in front must allow as much."""

    smtp_host: Annotated[str, Field(min_length=1)] | None = None
    """Mail server. Without it, invites answer 503."""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    """"starttls" on port 587, "tls" from the first byte on port 465, "none" for a server on this machine."""
    smtp_user: Annotated[str, Field(min_length=1)] | None = None
    smtp_password_file: SecretFile | None = None
    mail_from: Annotated[str, Field(pattern=r"^[^\s@<>]+@[^\s@<>]+$")] | None = None
    """Address that mail comes from."""
    public_url: Annotated[str, Field(pattern=_SERVICE)] = "http://localhost:8000"
    """Where people reach the service; links in mail start with it."""
    invite_key_file: SecretFile | None = None
    """Key that invite tokens are derived from; a new key ends all open invites."""
    invite_ttl_hours: Annotated[int, Field(ge=1, le=8760)] = 168
    """Hours until an invite ends."""
    invite_limit_per_hour: Annotated[int, Field(ge=1, le=100_000)] = 50
    """Invites that one user may send in an hour."""

    worker_expected: bool = False
    """Whether a worker belongs to this deployment; readiness then tells how it is."""
    worker_alive_file: Path = Path("/tmp/socialize-worker.alive")  # noqa: S108  (a tmpfs of the container)
    """File that a worker touches with every heartbeat; its container's health check looks at the age."""
    worker_concurrency: Annotated[int, Field(ge=1, le=100)] = 4
    """Jobs that one worker runs at once."""
    worker_job_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 20.0
    """Seconds until a job is given up and tried again. After a SIGTERM the worker may need as long to end."""
    worker_poll_seconds: Annotated[float, Field(ge=0.01, le=60)] = 1.0
    """Seconds between looks at an empty queue."""
    worker_retry_seconds: Annotated[float, Field(ge=0.01, le=3600)] = 5.0
    """Seconds until the first repetition of a failed job; each further one waits twice as long."""
    worker_max_attempts: Annotated[int, Field(ge=1, le=100)] = 8
    """Attempts after which a job is a dead letter."""
    clean_up_seconds: Annotated[float, Field(ge=0.1, le=86_400)] = 3600.0
    """Seconds between clean-ups of what has expired."""

    ops_prometheus_url: Annotated[str, Field(pattern=_SERVICE)] | None = None
    """Prometheus, as this process reaches it; the operations page asks it. Without it the page says so."""
    ops_alertmanager_url: Annotated[str, Field(pattern=_SERVICE)] | None = None
    """Alertmanager, as this process reaches it; the operations page asks it. Without it the page says so."""
    ops_grafana_url: Annotated[str, Field(pattern=_SERVICE)] | None = None
    """Grafana, as browsers reach it: the operations page links to dashboards, and asks Grafana nothing."""
    ops_dashboards: Annotated[str, Field(pattern=r"^[a-z]+(,[a-z]+)*$")] = (
        "api,slo,usage,jobs,system,containers,postgres,telemetry,logs"
    )
    """uids of the dashboards that Grafana has."""

    metrics_transport: Literal["otlp", "scrape"] = "otlp"
    """"otlp" pushes, to endpoints as in `socialize.telemetry`; "scrape" answers on `metrics_port`."""
    metrics_port: Annotated[int, Field(ge=1, le=65535)] = 9464
    """TCP port of the Prometheus endpoint, on all addresses; must not be published."""
    trace_sample_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of traces that are kept, where the caller has not decided."""

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        s3 = (self.s3_bucket, self.s3_access_key_file, self.s3_secret_key_file)
        pairs = {
            "S3_BUCKET, S3_ACCESS_KEY_FILE and S3_SECRET_KEY_FILE are set together": s3,
            "SMTP_USER and SMTP_PASSWORD_FILE are set together": (self.smtp_user, self.smtp_password_file),
            "SMTP_HOST, MAIL_FROM and INVITE_KEY_FILE are set together": (
                self.smtp_host,
                self.mail_from,
                self.invite_key_file,
            ),
        }
        for rule, values in pairs.items():
            if any(values) and not all(values):
                raise ValueError(rule)
        if self.blob_path and self.s3_bucket:
            raise ValueError("uploads go to BLOB_PATH or to S3_BUCKET, not to both")
        return self

    @cached_property
    def db_password(self) -> SecretStr:
        """The content of `db_password_file` without the white space around it."""
        return _content(self.db_password_file)

    @cached_property
    def secrets(self) -> dict[str, SecretStr]:
        """The content of every other secret file that is set, by the name of its field."""
        names = ("s3_access_key_file", "s3_secret_key_file", "smtp_password_file", "invite_key_file")
        return {name: _content(path) for name in names if (path := getattr(self, name))}


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: a variable is missing, wrong or unknown.
    """
    _refuse_unknown(set(os.environ))
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(map(_sentence, error.errors(include_input=False)))) from None
    # Read now: a file that vanishes must fail the start, not a request.
    settings.db_password, settings.secrets  # noqa: B018
    return settings


def _refuse_unknown(names: set[str]) -> None:
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    for name in sorted(n for n in names if n.startswith(PREFIX) and n not in known):
        near = difflib.get_close_matches(name, known, n=1)
        raise SettingsError(f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else ""))


def _sentence(error: ErrorDetails) -> str:
    if not error["loc"]:
        return f"the {PREFIX}* settings do not fit together: {error['msg'].removeprefix('Value error, ')}"
    name = PREFIX + str(error["loc"][0]).upper()
    if error["type"] == "missing":
        return f"{name} is missing"
    return f"{name} is wrong: {error['msg'].removeprefix('Value error, ')}"
