"""``daemon.json``: what the operator has there, ours beneath it, and what the settings enforce on top."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from preprod.settings import Settings

DEFAULTS: dict[str, Any] = {
    "live-restore": True,
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "5"},
}
"""For keys that the operator does not set. The project's services state their own logging besides, because
daemon-wide log options do not reach containers that exist already."""


def daemon_json(settings: Settings, present: str) -> str:
    """The merged file.

    :param present: text of the file on the host; empty when there is none.
    """
    existing = json.loads(present or "{}")
    defaults = DEFAULTS if "log-driver" not in existing else {"live-restore": True}
    merged = _merge(_merge(defaults, existing), settings.docker_daemon)
    return present if merged == existing and present else json.dumps(merged, indent=2) + "\n"


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        nested = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if nested else value
    return merged
