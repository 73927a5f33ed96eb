"""Tempo: one process, blocks on a volume; it makes metrics of spans."""

from __future__ import annotations

from preprod.render.bundle import Bundle, File
from preprod.render.observability import windows
from preprod.render.observability.view import View
from preprod.render.templates import rendered


def files(view: View) -> Bundle:
    text = rendered(
        "tempo/tempo.yaml.j2",
        settings=view.settings,
        data=view.chosen["tempo"].image.data_path,
        lateness=windows.lateness(view.settings),
        live_bytes=view.chosen["tempo"].component.memory_mb * 1_000_000 // 6,
    )
    return {"tempo/tempo.yaml": File(text, takes_effect="boot", service="tempo")}
