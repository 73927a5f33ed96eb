"""Settings, read from environment variables named ``SOCIALIZE_<FIELD>``."""

import difflib
import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "SOCIALIZE_"


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


class Settings(BaseSettings):
    """Everything that can be set from outside. Each field's variable is its name in upper case, prefixed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    db_host: Annotated[str, Field(min_length=1)]
    """Host name or address of Postgres, or the directory of its Unix socket."""
    db_port: Annotated[int, Field(ge=1, le=65535)] = 5432
    db_name: Annotated[str, Field(min_length=1)] = "socialize"
    db_user: Annotated[str, Field(min_length=1)] = "socialize"
    db_password_file: Annotated[Path, AfterValidator(_readable_secret)]
    """File with the password of `db_user`; white space around it is dropped. Read once, at start."""
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

    @cached_property
    def db_password(self) -> SecretStr:
        """The content of `db_password_file` without the white space around it."""
        return SecretStr(self.db_password_file.read_text(encoding="utf-8").strip())


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
    settings.db_password  # noqa: B018  (read now: a file that vanishes must fail the start, not a request)
    return settings


def _refuse_unknown(names: set[str]) -> None:
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    for name in sorted(n for n in names if n.startswith(PREFIX) and n not in known):
        near = difflib.get_close_matches(name, known, n=1)
        raise SettingsError(f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else ""))


def _sentence(error: ErrorDetails) -> str:
    name = PREFIX + str(error["loc"][0]).upper()
    if error["type"] == "missing":
        return f"{name} is missing"
    return f"{name} is wrong: {error['msg'].removeprefix('Value error, ')}"
