"""Alertmanager: groups alerts. Where they go to is told elsewhere; until then nobody gets them."""

from __future__ import annotations

from preprod.render.bundle import Bundle, File
from preprod.render.observability import prometheus
from preprod.render.observability.view import View
from preprod.render.templates import rendered


def files(view: View) -> Bundle:
    """Configuration, and the script that has it read again."""
    text = rendered("alertmanager/alertmanager.yml")
    return {
        "alertmanager/alertmanager.yml": File(text, takes_effect="reload", service="alertmanager"),
        "alertmanager/reload.sh": File(prometheus.script("reload.sh")),
    }
