"""What one run of a test is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from verify.nouns.deployment import Deployment
from verify.nouns.target import Target

FROM_HOST = "from the host"
FROM_CONTROLLER = "from the controller"


@dataclass(frozen=True)
class Case:
    """One host, and which of its services, secrets or ways in a test is about."""

    target: Target
    thing: str = ""

    def __str__(self) -> str:
        return f"{self.target}/{self.thing}" if self.thing else str(self.target)


def _services(deployment: Deployment) -> list[str]:
    return [*deployment.services, *deployment.one_shot]


THINGS: Mapping[str, Callable[[Deployment], list[str]]] = {
    "service": _services,
    "container": _services,
    "running": lambda deployment: [*deployment.services],
    "secret": lambda deployment: [*deployment.secrets],
    "api": lambda deployment: [FROM_HOST, FROM_CONTROLLER] if deployment.domain else [FROM_HOST],
}
"""Fixture -> what there is of it on a host: a test that asks for it runs once for each."""


def cases(target: Target, fixtures: Collection[str]) -> list[Case]:
    """The cases of one host for a test with these fixtures."""
    kind = next((name for name in THINGS if name in fixtures), None)
    return [Case(target, thing) for thing in THINGS[kind](target.deployment)] if kind else [Case(target)]
