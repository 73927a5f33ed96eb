"""Loki, asked by its HTTP API (https://grafana.com/docs/loki/latest/reference/loki-http-api/)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from verify.nouns.api import expected
from verify.nouns.program import Program

LINE_SECONDS = 60
"""How long a line may take from a new container to Loki: until the container is discovered, and read, and sent."""

EVERYTHING = '{service_name=~".+"}'
"""Every line has this label."""

_NANOSECONDS = 10**9
_LIMIT = 1000


@dataclass(frozen=True)
class LokiLine:
    """A line with what Loki keeps beside it."""

    labels: Mapping[str, str]
    """Labels of the stream, structured metadata, and what Loki itself has found out (``detected_level``)."""
    text: str

    @property
    def fields(self) -> dict[str, Any]:
        """The JSON object that it is; empty for another text."""
        try:
            parsed = json.loads(self.text)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}


class LokiQuery:
    """Questions to one Loki."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def __repr__(self) -> str:
        return repr(self._program)

    def lines(self, query: str, since: float) -> list[LokiLine]:
        """The lines that a LogQL query finds since a Unix time.

        :raises UnexpectedAnswer: Loki refuses it.
        """
        return [
            LokiLine(stream["stream"], text) for stream in self._streams(query, since) for _, text in stream["values"]
        ]

    def results(self, query: str, since: float) -> int:
        """How many streams or series a query finds since a Unix time.

        :raises UnexpectedAnswer: Loki refuses it.
        """
        return len(self._streams(query, since))

    def labels(self, since: float) -> set[str]:
        """Names of the labels that make streams."""
        answer = self._program.request("GET", "/loki/api/v1/labels", params=_window(since))
        return set(expected(answer, 200).get("data", ()))

    @property
    def configuration(self) -> dict[str, Any]:
        """What is in force, defaults included."""
        parsed: dict[str, Any] = yaml.safe_load(self._program.get("/config").text)
        return parsed

    def _streams(self, query: str, since: float) -> list[dict[str, Any]]:
        parameters = {"query": query, "limit": _LIMIT, **_window(since)}
        answer = self._program.request("GET", "/loki/api/v1/query_range", params=parameters)
        found: list[dict[str, Any]] = expected(answer, 200)["data"]["result"]
        return found


def _window(since: float) -> dict[str, int]:
    return {"start": int(since * _NANOSECONDS)}
