"""Commands of the runbooks: what is typed on a host of this package, or where it was deployed from."""

from __future__ import annotations

from preprod.catalogue import CATALOGUE
from preprod.paths import BASE

COMPOSE = f"docker compose --project-directory {BASE}"


def compose(rest: str) -> str:
    """Docker Compose on the host; it knows of the overlay by itself.

    :param rest: verb and arguments.
    """
    return f"{COMPOSE} {rest}"


def inside(service: str, command: str) -> str:
    """A command in the container of a service.

    :raises LookupError: there is no such service.
    """
    return compose(f"exec -T {_known(service)} {command}")


def container(service: str) -> str:
    """What stands for the ids of a service's containers; their names change with each release.

    :raises LookupError: there is no such service.
    """
    return f"$({compose(f'ps --all --quiet {_known(service)}')})"


def logs(service: str, pattern: str = "", *, since: str = "15m") -> str:
    """What a service printed lately.

    :param pattern: extended regular expression of the lines that are wanted; all without one.
    :param since: duration, as Docker writes it.
    :raises LookupError: there is no such service.
    """
    lines = compose(f"logs --no-log-prefix --since {since} {_known(service)}")
    return f"{lines} | grep -E '{_quotable(pattern)}' | tail -n 20" if pattern else f"{lines} | tail -n 50"


def query(expr: str) -> str:
    """A question to Prometheus, whose port is not published; no answer is an empty one.

    :param expr: PromQL.
    """
    return inside("prometheus", f"promtool query instant http://localhost:9090 '{_quotable(expr)}'")


def sql(statement: str) -> str:
    """A question to the app's database, as its superuser.

    :param statement: SQL; texts in it between `$$`.
    """
    return inside("postgres", f"psql -U postgres -d socialize -c '{_quotable(statement)}'")


def _known(service: str) -> str:
    if service not in CATALOGUE:
        raise LookupError(f"a runbook names the service {service!r}, which the catalogue does not have")
    return service


def _quotable(text: str) -> str:
    if "'" in text:
        raise ValueError(f"a single quote would end the argument: {text}")
    return text
