"""Not written yet."""

from __future__ import annotations

from preprod.render.bundle import Bundle
from preprod.render.observability.view import View


def files(view: View) -> Bundle:
    return {}
