"""The overlay's part of the bundle: one module for every component that has files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from preprod.observability import ComponentName
from preprod.render.bundle import Bundle
from preprod.render.observability import (
    alertmanager,
    alloy,
    blackbox,
    grafana,
    loki,
    longterm,
    prometheus,
    tempo,
)
from preprod.render.observability.view import View

__all__ = ["View", "files"]

_FILES: Mapping[ComponentName, Callable[[View], Bundle]] = {
    "prometheus": prometheus.files,
    "alertmanager": alertmanager.files,
    "loki": loki.files,
    "tempo": tempo.files,
    "alloy": alloy.files,
    "grafana": grafana.files,
    "blackbox-exporter": blackbox.files,
    "longterm": longterm.files,
}


def files(view: View) -> Bundle:
    """Path -> file, of every component that runs."""
    return {path: file for name, of in _FILES.items() if view.has(name) for path, file in of(view).items()}
