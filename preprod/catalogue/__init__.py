"""The catalogue: every image that can run on a host."""

from __future__ import annotations

from preprod.catalogue.app import API, CADDY, POSTGRES, WORKER
from preprod.catalogue.exporters import BLACKBOX, ENGINE_PROXY, MONGODB, NODE, POSTGRES_EXPORTER, REDIS
from preprod.catalogue.stores import ALERTMANAGER, ALLOY, GRAFANA, LOKI, LONGTERM, PROMETHEUS, TEMPO
from preprod.images import Component
from preprod.settings import Settings

__all__ = ["API", "BASE", "CATALOGUE", "ENGINE_PROXY", "OVERLAY", "PYTHON_OFFICIAL", "WORKER", "components"]

BASE: dict[str, Component] = {component.name: component for component in (POSTGRES, API, WORKER, CADDY)}
"""Runs on every host."""

OVERLAY: dict[str, Component] = {
    component.name: component
    for component in (
        PROMETHEUS,
        ALERTMANAGER,
        LOKI,
        TEMPO,
        ALLOY,
        GRAFANA,
        ENGINE_PROXY,
        NODE,
        POSTGRES_EXPORTER,
        BLACKBOX,
        REDIS,
        MONGODB,
        LONGTERM,
    )
}
"""Runs where `observability` is on, as far as `observability_components` names it."""

CATALOGUE = BASE | OVERLAY

PYTHON_OFFICIAL = "python:3.13.9-slim-trixie"
"""What our own programs are built on where official images are used."""


def components(settings: Settings) -> dict[str, Component]:
    """What runs on a host with these settings."""
    watching = settings.observability_components if settings.observability else ()
    return BASE | {name: component for name, component in OVERLAY.items() if name in watching}
