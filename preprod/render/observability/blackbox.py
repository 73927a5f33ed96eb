"""Probes from outside the app: by HTTP as users reach it, by TCP what has no HTTP."""

from __future__ import annotations

from preprod.render.bundle import Bundle, File
from preprod.render.observability.view import View
from preprod.render.templates import rendered


def files(view: View) -> Bundle:
    text = rendered("blackbox-exporter/blackbox.yml.j2", settings=view.settings)
    return {"blackbox-exporter/blackbox.yml": File(text, takes_effect="boot", service="blackbox-exporter")}
