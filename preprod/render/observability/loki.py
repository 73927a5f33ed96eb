"""Loki: one process, chunks and index on a volume."""

from __future__ import annotations

from preprod.render.bundle import Bundle, File
from preprod.render.observability import windows
from preprod.render.observability.view import View
from preprod.render.templates import rendered


def files(view: View) -> Bundle:
    text = rendered(
        "loki/loki.yaml.j2",
        settings=view.settings,
        data=view.chosen["loki"].image.data_path,
        chunk_age=windows.chunk_age(view.settings),
        lines_age=windows.LINES_AGE,
        replay_mb=view.chosen["loki"].component.memory_mb // 2,
    )
    return {"loki/loki.yaml": File(text, takes_effect="boot", service="loki")}
