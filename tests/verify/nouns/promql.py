"""What a query of Prometheus selects, by a parser of its language."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import promql_parser

_SIGNS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


@dataclass(frozen=True)
class Selector:
    """A metric, and what is asked of its labels: label and matcher."""

    metric: str
    matchers: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{self.metric}{{{','.join(text for _, text in self.matchers)}}}"

    def without(self, labels: Collection[str]) -> Selector:
        """The same whatever these labels are."""
        return Selector(self.metric, tuple(one for one in self.matchers if one[0] not in labels))


def selectors(query: str) -> list[Selector]:
    """Every selector of a query.

    :raises ValueError: it is no PromQL.
    """
    found: list[Selector] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(_selector(node))
        return True

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


def _selector(node: Any) -> Selector:
    asked = node.matchers.matchers
    return Selector(
        node.name or "",
        tuple(
            (one.name, f"{one.name}{_SIGNS[str(one.op).rpartition('.')[2]]}{json.dumps(one.value)}") for one in asked
        ),
    )
