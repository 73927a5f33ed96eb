"""The last word of a run."""

from __future__ import annotations

from pyinfra.api import deploy

from preprod.deploys.plan import Plan
from preprod.operations import report
from preprod.paths import BASE, MANIFEST, PROJECT, SECRETS
from preprod.preflight import address


@deploy("Report")
def show(plan: Plan) -> None:
    report.shown(name="what runs where", project=PROJECT, lines=_lines(plan))


def _lines(plan: Plan) -> list[str]:
    return [
        f"app        {address(plan.settings)}/health",
        f"files      {BASE} (deployed: {MANIFEST})",
        f"secrets    {SECRETS}/<service>/<name>: {', '.join(step.secret.name for step in plan.steps)}",
        "logs       docker compose --project-directory /srv/preprod logs -f",
        "not collected: metrics, traces and logs stay on this host's containers (the observability overlay is not part "
        "of this deploy)",
    ]
