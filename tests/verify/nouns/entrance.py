"""The ways in to an app."""

from __future__ import annotations

from collections.abc import Mapping

from verify.nouns.api import Api, Route, origin
from verify.nouns.case import FROM_CONTROLLER, FROM_HOST
from verify.nouns.target import Target


def entrance(target: Target, way: str, resolved: Mapping[str, str], ca: str | None) -> Api:
    """The app of a host by one way.

    :param way: ``FROM_HOST`` or ``FROM_CONTROLLER``.
    :param resolved: domain -> address, of domains that the name servers do not know.
    :param ca: PEM file of the authorities to trust instead of the usual ones.
    """
    domain = target.deployment.domain or ""

    def from_the_controller(port: int) -> tuple[str, int]:
        return resolved.get(domain, domain), port

    def from_the_host(port: int) -> tuple[str, int]:
        return target.connection.way_to("127.0.0.1", port)

    routes: Mapping[str, Route] = {FROM_HOST: from_the_host, FROM_CONTROLLER: from_the_controller}
    return Api(origin(target.deployment), f"{way} {target}", routes[way], ca)
