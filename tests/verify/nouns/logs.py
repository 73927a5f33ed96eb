"""The structured log of a container."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from verify.nouns.container import Container

REQUIRED = frozenset(
    {"timestamp", "level", "service", "version", "environment", "log_type", "correlation_id", "message"}
)
"""Fields of every line."""

OF_REQUESTS = frozenset({"method", "route", "status", "duration_ms"})
"""Further fields of a line about a request."""

ARRIVAL_SECONDS = 10
"""How long a line may take from the app to the engine's log."""

_TAIL = 5000


class Logs:
    """The last lines of a container."""

    def __init__(self, container: Container) -> None:
        self._container = container

    @property
    def lines(self) -> list[str]:
        return self._container.log(tail=_TAIL).splitlines()

    @property
    def faults(self) -> list[str]:
        """What is wrong with lines: number, counted from the oldest that was read, and why; texts are not told."""
        return [f"line {at}: {fault}" for at, line in enumerate(self.lines, 1) if (fault := _fault(line))]

    def of_request(self, correlation_id: str, until: str) -> list[dict[str, Any]]:
        """The lines of a request, once one of the type ``until`` is among them; whatever there is when time is up."""
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while True:
            found = [json.loads(line) for line in self.lines if correlation_id in line]
            if any(line.get("log_type") == until for line in found) or time.monotonic() > deadline:
                return found
            time.sleep(0.1)


def _fault(line: str) -> str:
    try:
        fields = json.loads(line)
    except ValueError:
        return "is not JSON"
    if not isinstance(fields, dict):
        return "is not a JSON object"
    needed = REQUIRED | (OF_REQUESTS if fields.get("log_type") == "request" else frozenset())
    if missing := needed - fields.keys():
        return f"lacks {', '.join(sorted(missing))}"
    return _time_fault(fields["timestamp"])


def _time_fault(timestamp: str) -> str:
    try:
        offset = datetime.fromisoformat(timestamp).utcoffset()
    except ValueError:
        return "has a timestamp that is not RFC 3339"
    return "" if offset == UTC.utcoffset(None) else "has a timestamp that is not in UTC"
