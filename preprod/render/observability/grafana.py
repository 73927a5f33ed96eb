"""Grafana's provisioning: its data sources, its dashboards, and where these lie.

What the files may say stands in Grafana's documentation ("Provision Grafana", "Provision the Tempo data source") and
in the structures that read them (``pkg/services/provisioning``).
"""

from __future__ import annotations

from collections.abc import Mapping

from preprod.render import dashboards
from preprod.render.bundle import Bundle, File
from preprod.render.observability import prometheus
from preprod.render.observability.view import View
from preprod.render.templates import rendered


def files(view: View) -> Bundle:
    texts = {
        "grafana/datasources/preprod.yaml": rendered("grafana/datasources.yaml.j2", view=view, settings=view.settings),
        "grafana/providers/preprod.yaml": rendered("grafana/dashboards.yaml.j2"),
    }
    return {
        **{path: File(text, takes_effect="boot", service="grafana") for path, text in texts.items()},
        **{f"grafana/dashboards/{name}": File(text) for name, text in _dashboards(view).items()},
    }


def _dashboards(view: View) -> Mapping[str, str]:
    """Grafana looks for changes of them by itself, as often as its provider says: nothing has to be started anew."""
    return dashboards.texts(_boards(view), prometheus.watched(view))


def uids(view: View) -> list[str]:
    """The dashboards that there are, by the last part of their addresses."""
    return [board.uid for board in _boards(view)]


def _boards(view: View) -> list[dashboards.Board]:
    return dashboards.of_host(prometheus.watched(view), prometheus.jobs(view))
