"""Rules for published ports, where they are wanted."""

from __future__ import annotations

from pyinfra.api import deploy

from preprod.deploys.plan import Plan
from preprod.operations import firewall


@deploy("Firewall")
def guard(plan: Plan) -> None:
    if plan.settings.firewall:
        firewall.present(name="rules of published ports", rules=plan.settings.firewall_allow)
    elif plan.host.firewall:
        firewall.absent(name="remove rules")
