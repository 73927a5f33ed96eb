"""Secrets: who reads which, where each value comes from, and what must be done about the copies on a host.

No value ever stands in a model here: a plan says what to do, the hands do it on the host or over standard input.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from preprod.notifications import receiver_secret
from preprod.paths import SECRETS
from preprod.settings import Settings, SettingsError

ENVIRONMENT_PREFIX = "PREPROD_SECRET_"
DEAD_MANS_SWITCH_URL = "dead_mans_switch_url"


@dataclass(frozen=True)
class Secret:
    """A named secret and the services that get a copy of it."""

    name: str
    readers: tuple[str, ...]
    must_be_supplied: bool = False


@dataclass(frozen=True)
class Copy:
    """One service's copy as it was found on a host."""

    mode: str
    uid: int
    gid: int
    same_as_first: bool
    same_as_supplied: bool


@dataclass(frozen=True)
class SecretState:
    """One secret as it was found: its recorded version and generation, and the copies by service."""

    version: int = 0
    generation: int = 0
    copies: Mapping[str, Copy] = field(default_factory=dict)


class Action(Enum):
    """What a secret needs; ordered from nothing to a new value."""

    KEEP = "keep"
    REPAIR = "repair owners, modes and missing copies"
    WRITE = "write the supplied value"
    GENERATE = "generate"


@dataclass(frozen=True)
class Step:
    """What to do about one secret, and the version that its readers see afterwards."""

    secret: Secret
    action: Action
    version: int
    generation: int


def wanted(settings: Settings) -> tuple[Secret, ...]:
    """Every secret of a host with these settings.

    :raises SettingsError: ``app_secrets`` takes a generated secret's name, ``secret_generation`` one that is none.
    """
    generated, needed = _generated(settings), _supplied(settings)
    names = [secret.name for secret in generated]
    if taken := set(settings.app_secrets) & {secret.name for secret in (*generated, *needed)}:
        raise SettingsError(
            f"app_secrets names {', '.join(sorted(taken))}, which is there already: choose another name"
        )
    if unknown := settings.secret_generation.keys() - set(names):
        known = " or ".join(sorted(names))
        raise SettingsError(f"secret_generation names {', '.join(sorted(unknown))}, not generated: use {known}")
    return (*generated, *needed, *(Secret(name, _APP, must_be_supplied=True) for name in settings.app_secrets))


_APP = ("api", "worker")


def _generated(settings: Settings) -> list[Secret]:
    exporter = ("postgres-exporter",) if settings.watches("postgres-exporter") else ()
    return [
        Secret("db_superuser_password", ("postgres",)),
        Secret("app_db_password", ("postgres", *_APP)),
        Secret("invite_key", _APP),
        # With and without the overlay: what Postgres reads stays the same, and so does its container.
        Secret("postgres_exporter_password", ("postgres", *exporter)),
        *_of_grafana(settings),
    ]


def _supplied(settings: Settings) -> list[Secret]:
    needed = {
        "smtp_password": (settings.smtp_user, _APP),
        "s3_access_key": (settings.s3_bucket, _APP),
        "s3_secret_key": (settings.s3_bucket, _APP),
        "remote_write_password": (settings.watches("prometheus") and settings.remote_write_user, ("prometheus",)),
        "redis_password": (settings.watches("redis-exporter") and settings.redis_user, ("redis-exporter",)),
    }
    named = [Secret(name, readers, must_be_supplied=True) for name, (when, readers) in needed.items() if when]
    return [*named, *_of_receivers(settings)]


def _of_receivers(settings: Settings) -> list[Secret]:
    if not settings.watches("alertmanager"):
        return []
    ways = [receiver_secret(name) for name, receiver in settings.alert_receivers.items() if receiver.has_secret]
    switch = [DEAD_MANS_SWITCH_URL] if settings.dead_mans_switch else []
    return [Secret(name, ("alertmanager",), must_be_supplied=True) for name in (*ways, *switch)]


def _of_grafana(settings: Settings) -> list[Secret]:
    if not settings.watches("grafana"):
        return []
    if "admin" in settings.grafana_users:
        raise SettingsError("grafana_users names admin, whom Grafana has already: leave it out, or choose another name")
    people = [grafana_password(name) for name in settings.grafana_users]
    return [Secret(name, ("grafana",)) for name in ("grafana_admin_password", "grafana_secret_key", *people)]


def grafana_password(user: str) -> str:
    """The secret that holds a person's first password."""
    return f"grafana_user_{user}"


def supplied(settings: Settings, secrets: Iterable[Secret], environment: Mapping[str, str]) -> dict[str, str]:
    """Values that the operator gave: name -> value, from the environment before ``secrets_file``.

    :raises SettingsError: a secret that must be supplied and is not; a file that cannot be read or parsed.
    """
    secrets = tuple(secrets)
    given = {name.lower(): value for name, value in _file_values(settings.secrets_file).items()}
    for secret in secrets:
        if (value := environment.get(ENVIRONMENT_PREFIX + secret.name.upper())) is not None:
            given[secret.name] = value
    _refuse_unusable(secrets, given)
    return {secret.name: given[secret.name] for secret in secrets if secret.name in given}


def _refuse_unusable(secrets: Sequence[Secret], given: Mapping[str, str]) -> None:
    missing = [s.name for s in secrets if s.must_be_supplied and s.name not in given]
    if missing:
        ways = ", ".join(f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in missing)
        raise SettingsError(
            f"secret {', '.join(missing)} is needed and not supplied: set {ways} in the environment, "
            "or the same names without the prefix in secrets_file"
        )
    for secret in secrets:
        value = given.get(secret.name, "x")
        if not value or "\n" in value or "\0" in value:
            raise SettingsError(f"secret {secret.name} is empty or has more than one line: supply one line of text")


def _file_values(path: str | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"secrets_file {path} cannot be read ({type(error).__name__}): name a readable text file"
        ) from None
    values: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise SettingsError(f"secrets_file {path} line {number} is not of the form NAME=value")
        values[name.strip()] = value
    return values


def plan(
    secrets: Iterable[Secret],
    have: Mapping[str, SecretState],
    given: Iterable[str],
    generations: Mapping[str, int],
    uids: Mapping[str, int],
) -> list[Step]:
    """What each secret needs, from how it was found.

    :param given: names of supplied secrets (their values were compared on the host).
    :param generations: wanted generation of generated secrets; 1 unless named.
    :param uids: service -> numeric uid and gid of its copies.
    """
    given = set(given)
    steps = []
    for secret in secrets:
        state = have.get(secret.name, SecretState())
        generation = generations.get(secret.name, 1)
        action = _action(secret, state, secret.name in given, generation, uids)
        renewed = action in (Action.WRITE, Action.GENERATE)
        steps.append(Step(secret, action, state.version + renewed, generation))
    return steps


def _action(secret: Secret, state: SecretState, is_given: bool, generation: int, uids: Mapping[str, int]) -> Action:
    copies = list(state.copies.values())
    if is_given and not (copies and all(copy.same_as_supplied for copy in copies) and state.version):
        return Action.WRITE
    known = copies and state.version and all(copy.same_as_first for copy in copies)
    if not is_given and not (known and state.generation >= generation):
        return Action.GENERATE
    right = {service: ("400", uids[service], uids[service]) for service in secret.readers}
    found = {service: (copy.mode, copy.uid, copy.gid) for service, copy in state.copies.items()}
    return Action.KEEP if found == right else Action.REPAIR


def strangers(found: Iterable[str], secrets: Iterable[Secret], resting: Collection[str]) -> list[str]:
    """Of what lies among the secrets, that for which there is no reader: sorted, a directory without its contents.

    :param found: ``service`` and ``service/name``, below the directory of all secrets.
    :param resting: services whose secrets stay, although nothing asks for them.
    """
    known = {path for secret in secrets for reader in secret.readers for path in (reader, f"{reader}/{secret.name}")}
    others = {path for path in found if path not in known and path.partition("/")[0] not in resting}
    return sorted(path for path in others if path.rpartition("/")[0] not in others)


def versions(steps: Iterable[Step], service: str) -> str:
    """What the service's label holds of its secrets: names and version numbers."""
    return ",".join(f"{s.secret.name}={s.version}" for s in steps if service in s.secret.readers)


def directory(service: str) -> str:
    """Directory on the host that the service mounts at ``/run/secrets``."""
    return f"{SECRETS}/{service}"
