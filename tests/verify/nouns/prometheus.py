"""Prometheus, asked by its HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from verify.nouns.api import expected
from verify.nouns.program import Program

Series = frozenset[tuple[str, str]]
"""Names and values of the labels of a series."""


@dataclass(frozen=True)
class Sample:
    """The newest value of a series."""

    labels: Mapping[str, str]
    value: float

    @property
    def series(self) -> Series:
        return frozenset(self.labels.items())


@dataclass(frozen=True)
class Watched:
    """A target of a scrape job."""

    job: str
    address: str
    health: str
    fault: str

    def __str__(self) -> str:
        return f"{self.job} {self.address} is {self.health}: {self.fault or 'not asked yet'}"


@dataclass(frozen=True)
class Rule:
    """A rule that is loaded."""

    name: str
    health: str
    """``ok``, ``err``, or ``unknown`` until it is evaluated for the first time."""
    fault: str
    every: float
    """Seconds between two evaluations."""

    def __str__(self) -> str:
        return f"{self.name} is {self.health}: {self.fault or 'not evaluated yet'}"


class PromQuery:
    """Questions to one Prometheus."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def __repr__(self) -> str:
        return repr(self._program)

    # -- what it has measured --------------------------------------------------------------------
    def samples(self, query: str) -> list[Sample]:
        """The instant vector of a query, now.

        :raises UnexpectedAnswer: Prometheus refuses it.
        """
        found = self._data("query", query=query)["result"]
        return [Sample(entry["metric"], float(entry["value"][1])) for entry in found]

    def course(self, query: str, since: float, until: float, step: float) -> list[float]:
        """All values of a query from one Unix time to another, of whichever series.

        :raises UnexpectedAnswer: Prometheus refuses it.
        """
        found = self._data("query_range", query=query, start=since, end=until, step=step)["result"]
        return [float(value) for series in found for _, value in series["values"]]

    def values(self, query: str) -> dict[Series, float]:
        """Series -> value, of a query."""
        return {sample.series: sample.value for sample in self.samples(query)}

    def label(self, query: str, label: str) -> set[str]:
        """The values of one label in the result of a query; empty where it is lacking."""
        return {sample.labels.get(label, "") for sample in self.samples(query)}

    def exemplars(self, query: str, since: float) -> list[dict[str, str]]:
        """Labels of the exemplars of the series of a query, since a Unix time."""
        found = self._data("query_exemplars", query=query, start=since)
        return [exemplar["labels"] for series in found for exemplar in series["exemplars"]]

    def everything(self, since: float) -> str:
        """Every series that had a sample since a Unix time, and every exemplar: names and labels, as JSON text."""
        every = '{__name__=~".+"}'
        series = self._answer("series", **{"match[]": every}, start=since)
        return series + self._answer("query_exemplars", query=every, start=since)

    # -- what it watches -------------------------------------------------------------------------
    @property
    def targets(self) -> list[Watched]:
        found = self._data("targets", state="active")["activeTargets"]
        return [Watched(t["scrapePool"], t["scrapeUrl"], t["health"], t["lastError"]) for t in found]

    @property
    def rules(self) -> list[Rule]:
        return [
            Rule(f"{group['name']}/{rule['name']}", rule["health"], rule.get("lastError", ""), group["interval"])
            for group in self._data("rules")["groups"]
            for rule in group["rules"]
        ]

    @property
    def alertmanagers(self) -> list[str]:
        """URLs of those that it sends alerts to."""
        return [found["url"] for found in self._data("alertmanagers")["activeAlertmanagers"]]

    # -- how it is set ---------------------------------------------------------------------------
    @property
    def retention(self) -> tuple[str, str]:
        """Time and size that it keeps, as it writes them: both bounds hold."""
        time_, _, size = str(self._data("status/runtimeinfo")["storageRetention"]).partition(" or ")
        return time_, size

    @property
    def configuration(self) -> dict[str, Any]:
        """The file that is in force."""
        parsed: dict[str, Any] = yaml.safe_load(self._data("status/config")["yaml"])
        return parsed

    def _data(self, path: str, **parameters: Any) -> Any:
        return expected(self._program.request("GET", f"/api/v1/{path}", params=parameters), 200)["data"]

    def _answer(self, path: str, **parameters: Any) -> str:
        answer = self._program.request("GET", f"/api/v1/{path}", params=parameters)
        expected(answer, 200)
        return answer.text
