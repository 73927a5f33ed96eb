"""The last word of a run."""

from __future__ import annotations

from pyinfra.api import deploy

from preprod.deploys.plan import Plan
from preprod.operations import report
from preprod.paths import BASE, MANIFEST, PROJECT, SECRETS
from preprod.preflight import address
from preprod.settings import Settings


@deploy("Report")
def show(plan: Plan) -> None:
    report.shown(name="what runs where", project=PROJECT, lines=_lines(plan))


def _lines(plan: Plan) -> list[str]:
    return [
        f"app        {address(plan.settings)}/health",
        f"files      {BASE} (deployed: {MANIFEST})",
        f"secrets    {SECRETS}/<service>/<name>: {', '.join(step.secret.name for step in plan.steps)}",
        "logs       docker compose --project-directory /srv/preprod logs -f",
        _telemetry(plan.settings),
    ]


def _telemetry(settings: Settings) -> str:
    kept = "logs stay with the containers (the observability overlay is not part of this deploy)"
    if settings.otlp_endpoint is None and settings.metrics_transport == "otlp":
        return f"not collected: metrics and traces (no otlp_endpoint is set); {kept}"
    metrics = "metrics on port 9464" if settings.metrics_transport == "scrape" else "metrics by OTLP"
    traces = f"traces to {settings.otlp_endpoint}" if settings.otlp_endpoint else "no traces (no otlp_endpoint is set)"
    return f"telemetry  {metrics}, {traces}; {kept}"
