"""Who may look, once Grafana runs."""

from __future__ import annotations

from pyinfra.api import deploy

from preprod.deploys.plan import Plan
from preprod.operations import grafana
from preprod.paths import PROJECT

_ROLES = {"ops": "Editor", "viewer": "Viewer"}
"""What the settings say -> Grafana's role; an Editor edits dashboards and explores."""


@deploy("Grafana")
def admit(plan: Plan) -> None:
    if not plan.settings.watches("grafana"):
        return
    roles = {name: _ROLES[may] for name, may in plan.settings.grafana_users.items()}
    grafana.accounts(name="accounts", project=PROJECT, roles=roles)
