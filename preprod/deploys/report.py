"""The last word of a run."""

from __future__ import annotations

from pyinfra.api import deploy

from preprod.deploys.plan import Plan
from preprod.observability import ComponentName
from preprod.operations import report
from preprod.paths import BASE, MANIFEST, PROJECT, SECRETS
from preprod.preflight import address, grafana_url, loopback_ports
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
        *_telemetry(plan.settings),
    ]


def _telemetry(settings: Settings) -> list[str]:
    if settings.observability:
        return _watched(settings)
    kept = "logs stay with the containers (observability is off)"
    if settings.otlp_endpoint is None and settings.metrics_transport == "otlp":
        return [f"not collected: metrics and traces (no otlp_endpoint is set); {kept}"]
    metrics = "metrics on port 9464" if settings.metrics_transport == "scrape" else "metrics by OTLP"
    traces = f"traces to {settings.otlp_endpoint}" if settings.otlp_endpoint else "no traces (no otlp_endpoint is set)"
    return [f"telemetry  {metrics}, {traces}; {kept}"]


def _watched(settings: Settings) -> list[str]:
    """What the overlay is, what it does not collect, and where it is looked at."""
    listed = ", ".join(settings.observability_components)
    missing = [signal for component, signal in _SIGNALS.items() if not settings.watches(component)]
    lines = [f"watched by {listed}"]
    if missing:
        lines.append(f"not collected: {'; '.join(missing)} (observability_components leaves them out)")
    if settings.watches("alertmanager"):
        lines.append(f"alerts     {', '.join(settings.alert_receivers) or 'only shown (no alert_receivers is set)'}")
    if settings.watches("grafana"):
        lines.append(f"grafana    {grafana_url(settings)}")
    for component, ports in loopback_ports(settings).items():
        lines.append(f"{component:<10} http://127.0.0.1:{ports[0]} (on the host alone)")
    return lines


_SIGNALS: dict[ComponentName, str] = {
    "prometheus": "metrics",
    "loki": "logs, which stay with their containers",
    "tempo": "traces",
    "alertmanager": "notifications",
    "engine-proxy": "metrics of containers",
    "node-exporter": "metrics of the host",
    "postgres-exporter": "metrics of Postgres",
    "blackbox-exporter": "probes",
}
"""Component -> what is missing without it."""
