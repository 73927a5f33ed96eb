"""The app's environment: where its signals go."""

from __future__ import annotations

from preprod.observability import ComponentName
from preprod.preflight import grafana_url
from preprod.render.observability import grafana
from preprod.render.observability.view import View
from preprod.settings import Settings

OTLP_HTTP = "http://alloy:4318"
PROMETHEUS_OTLP = "http://prometheus:9090/api/v1/otlp/v1/metrics"


def without_overlay(settings: Settings) -> dict[str, str]:
    """Names and values for an app that nobody here watches."""
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": settings.otlp_endpoint} if settings.otlp_endpoint else {}
    return {"SOCIALIZE_METRICS_TRANSPORT": settings.metrics_transport, **endpoint}


def with_overlay(view: View) -> dict[str, str]:
    """Names and values that the overlay puts into the app's environment: traces go to Alloy if it runs, metrics
    there too, or to Prometheus, unless Prometheus fetches them; as often in any case."""
    if view.app_is_scraped:
        traces = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{OTLP_HTTP}/v1/traces"} if view.has("tempo") else {}
        return {"SOCIALIZE_METRICS_TRANSPORT": "scrape"} | traces
    milliseconds = str(view.settings.scrape_interval * 1000)
    pushed = {"SOCIALIZE_METRICS_TRANSPORT": "otlp", "OTEL_METRIC_EXPORT_INTERVAL": milliseconds}
    if not view.has("alloy"):
        return pushed | {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": PROMETHEUS_OTLP}
    if not view.has("tempo"):
        return pushed | {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{OTLP_HTTP}/v1/metrics"}
    return pushed | {"OTEL_EXPORTER_OTLP_ENDPOINT": OTLP_HTTP}


def operations_page(view: View) -> dict[str, str]:
    """Names and values that tell the API whom to ask for its operations page, of what runs here."""
    places: dict[str, tuple[ComponentName, str]] = {
        "SOCIALIZE_OPS_PROMETHEUS_URL": ("prometheus", "http://prometheus:9090"),
        "SOCIALIZE_OPS_ALERTMANAGER_URL": ("alertmanager", "http://alertmanager:9093"),
        "SOCIALIZE_OPS_GRAFANA_URL": ("grafana", grafana_url(view.settings)),
        "SOCIALIZE_OPS_DASHBOARDS": ("grafana", ",".join(grafana.uids(view))),
    }
    return {name: value for name, (component, value) in places.items() if view.has(component)}
