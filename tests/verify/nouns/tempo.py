"""Tempo, asked by its HTTP API (https://grafana.com/docs/tempo/latest/api_docs/)."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from verify.nouns.api import expected
from verify.nouns.program import Program
from verify.nouns.waiting import eventually

SPAN_SECONDS = 30
"""How long a span may take from the app to Tempo: the SDK sends every five seconds, Alloy every second."""

SPAN_METRICS_SECONDS = SPAN_SECONDS + 30
"""And from there to Prometheus, as a metric: Tempo collects and sends them every fifteen seconds."""


@dataclass(frozen=True)
class TempoSpan:
    """A span; ids in hexadecimal digits."""

    span_id: str
    parent_id: str
    name: str
    kind: str
    """``server``, ``client``, ``producer``, ``consumer`` or ``internal``."""
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    linked_traces: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} span '{self.name}' of {self.resource.get('service.name')}"


@dataclass(frozen=True)
class TempoTrace:
    """What Tempo has of a trace by now."""

    spans: Sequence[TempoSpan]
    text: str
    """The answer as it came."""

    def of(self, kind: str, name: str) -> list[TempoSpan]:
        """Its spans of this kind and name."""
        return [span for span in self.spans if (span.kind, span.name) == (kind, name)]

    def below(self, parent: TempoSpan) -> list[TempoSpan]:
        """The children of a span."""
        return [span for span in self.spans if span.parent_id == parent.span_id]


class Tempo:
    """Questions to one Tempo."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def __repr__(self) -> str:
        return repr(self._program)

    def arrived(self, trace_id: str, spans: int, within: float = SPAN_SECONDS) -> TempoTrace:
        """The trace of an id, once it has so many spans; whatever there is when time is up.

        :param within: seconds.

        :raises UnexpectedAnswer: Tempo refuses.
        """

        def whole() -> TempoTrace | None:
            trace = self.trace(trace_id)
            return trace if len(trace.spans) >= spans else None

        return eventually(whole, within) or self.trace(trace_id)

    def trace(self, trace_id: str) -> TempoTrace:
        """The trace of an id; without spans where Tempo knows none (yet).

        :raises UnexpectedAnswer: Tempo refuses.
        """
        answer = self._program.get(f"/api/v2/traces/{trace_id}", headers={"Accept": "application/json"})
        if answer.status_code == 404:
            return TempoTrace((), "")
        found = expected(answer, 200).get("trace") or {}
        return TempoTrace(tuple(_spans(found.get("resourceSpans", ()))), answer.text)

    def search(self, query: str, since: float, until: float) -> list[str]:
        """Ids of some traces that a TraceQL query finds between two Unix times.

        :raises UnexpectedAnswer: Tempo refuses it.
        """
        parameters = {"q": query, "start": int(since), "end": int(until) + 1}
        answer = self._program.request("GET", "/api/search", params=parameters)
        return [trace["traceID"] for trace in expected(answer, 200).get("traces") or ()]

    @property
    def configuration(self) -> dict[str, Any]:
        """What is in force, defaults included."""
        parsed: dict[str, Any] = yaml.safe_load(self._program.get("/status/config").text.partition("---\n")[2])
        return parsed


def _spans(batches: Sequence[Mapping[str, Any]]) -> Iterator[TempoSpan]:
    for batch in batches:
        resource = _attributes(batch["resource"])
        for scope in batch["scopeSpans"]:
            for span in scope["spans"]:
                yield _span(span, resource)


def _span(span: Mapping[str, Any], resource: Mapping[str, Any]) -> TempoSpan:
    return TempoSpan(
        span_id=_hex(span["spanId"]),
        parent_id=_hex(span.get("parentSpanId", "")),
        name=span["name"],
        kind=span["kind"].removeprefix("SPAN_KIND_").lower(),
        attributes=_attributes(span),
        resource=resource,
        linked_traces=tuple(_hex(link["traceId"]) for link in span.get("links", ())),
    )


def _attributes(part: Mapping[str, Any]) -> dict[str, Any]:
    """Key -> value; the JSON of OTLP names the type of each value, and writes whole numbers as texts."""
    return {entry["key"]: next(iter(entry["value"].values()), None) for entry in part.get("attributes", ())}


def _hex(identifier: str) -> str:
    """Tempo writes ids as the JSON of protobuf does, in base64."""
    return base64.b64decode(identifier).hex()
