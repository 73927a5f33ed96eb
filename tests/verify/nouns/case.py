"""What one run of a test is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from preprod.catalogue import OVERLAY
from preprod.contract import signals
from preprod.contract.names import Instrument
from verify.nouns.dashboards import names
from verify.nouns.deployment import Deployment
from verify.nouns.target import Target

FROM_HOST = "from the host"
FROM_CONTROLLER = "from the controller"
NOTHING = ""
"""Stands for what a host without the overlay lacks; tests of it are deselected there."""


@dataclass(frozen=True)
class Case:
    """One host, and which of its services, secrets or ways in a test is about."""

    target: Target
    thing: str = ""

    def __str__(self) -> str:
        return f"{self.target}/{self.thing}" if self.thing else str(self.target)


OWN = {"engine-proxy"}
"""Programs of this package: a digest of the sources is part of the image's tag, and there are no releases."""


def _services(deployment: Deployment) -> list[str]:
    return [*deployment.services, *deployment.one_shot]


def _programs(deployment: Deployment) -> list[str]:
    return [name for name in deployment.services if name in OVERLAY] or [NOTHING]


def _releases(deployment: Deployment) -> list[str]:
    return [name for name in _programs(deployment) if name not in OWN] or [NOTHING]


def _metrics(deployment: Deployment, *instruments: Instrument) -> list[str]:
    overlay = deployment.observability
    promised = signals(overlay.promised) if overlay else ()
    return [signal.name for signal in promised if signal.instrument in instruments] or [NOTHING]


THINGS: Mapping[str, Callable[[Deployment], list[str]]] = {
    "service": _services,
    "container": _services,
    "running": lambda deployment: [*deployment.services],
    "secret": lambda deployment: [*deployment.secrets],
    "program": _programs,
    "release": _releases,
    "counter": lambda deployment: _metrics(deployment, "counter"),
    "gauge": lambda deployment: _metrics(deployment, "gauge"),
    "dashboard": lambda deployment: names(deployment) or [NOTHING],
    "metric": lambda deployment: _metrics(deployment, "counter", "gauge", "histogram"),
    "api": lambda deployment: [FROM_HOST, FROM_CONTROLLER] if deployment.domain else [FROM_HOST],
}
"""Fixture -> what there is of it on a host: a test that asks for it runs once for each."""


def cases(target: Target, fixtures: Collection[str]) -> list[Case]:
    """The cases of one host for a test with these fixtures."""
    kind = next((name for name in THINGS if name in fixtures), None)
    return [Case(target, thing) for thing in THINGS[kind](target.deployment)] if kind else [Case(target)]
