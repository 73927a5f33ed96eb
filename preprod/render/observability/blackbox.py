"""Probes from outside the app: by HTTP as users reach it, by TCP what has no HTTP."""

from __future__ import annotations

from preprod.render.bundle import Bundle, File
from preprod.render.observability.view import View
from preprod.render.templates import rendered


def files(view: View) -> Bundle:
    """Configuration, and the authority that the app's certificate comes from where the image does not know it."""
    texts = {"blackbox.yml": rendered("blackbox-exporter/blackbox.yml.j2", settings=view.settings)}
    if view.settings.acme_root:
        texts["acme-root.pem"] = view.settings.acme_root
    return {
        f"blackbox-exporter/{name}": File(text, takes_effect="boot", service="blackbox-exporter")
        for name, text in texts.items()
    }
