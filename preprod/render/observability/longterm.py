"""The second Prometheus: hourly aggregates for a year and longer, fetched from the first."""

from __future__ import annotations

from preprod.render.bundle import Bundle, File
from preprod.render.observability import prometheus, rules
from preprod.render.observability.view import View
from preprod.render.templates import rendered


def files(view: View) -> Bundle:
    """Configuration, and the script that has it read again."""
    text = rendered(
        "longterm/prometheus.yml.j2",
        view=view,
        settings=view.settings,
        hourly=rules.HOURLY,
        sample_limit=prometheus.SAMPLE_LIMIT,
    )
    return {
        "longterm/prometheus.yml": File(text, takes_effect="reload", service="longterm"),
        "longterm/reload.sh": File(prometheus.script("reload.sh")),
    }
