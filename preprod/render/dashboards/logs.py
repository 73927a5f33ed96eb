"""What did the programs say, and what did a request do: lines that lead to traces, and traces."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.models import units

from preprod.render.dashboards.panels import RATE, Board, Kind, Panel, Query, Row, Variable, lines
from preprod.render.rules.rule import Watched

_CHOSEN = '{service_name=~"$service",level=~"$level"} |~ `(?i)$search`'
LEVELS = ("debug", "info", "warning", "error", "critical", "unknown")
"""What Alloy makes of the levels of all programs."""


def board(watched: Watched) -> Board | None:
    """Uid ``logs``; none without a store of lines or traces."""
    rows = [*_lines(watched)] if "loki" in watched.components else []
    if "tempo" in watched.components:
        rows += [Row("What Tempo makes of traces", tuple(_spans())), Row("Traces", tuple(_traces(watched)))]
    if not rows:
        return None
    variables = (
        Variable("service", "Service", "loki", "label_values(service_name)"),
        Variable("level", "Level", values=LEVELS),
        Variable("search", "Contains"),
    )
    return Board(
        "logs",
        "Logs and traces",
        "What did the programs say, and what did a request do?",
        tuple(rows),
        variables if "loki" in watched.components else (),
    )


def _asked(title: str, description: str, query: Query, kind: Kind = "lines", unit: str = units.Short) -> Panel:
    return Panel(title, description, (query,), unit, kind, stacked=kind == "lines")


def _lines(watched: Watched) -> Iterator[Row]:
    counts = [
        _asked(
            "Lines by service",
            "How much each program says, of what is chosen above.",
            Query(f"sum by (service_name) (count_over_time({_CHOSEN} [$__auto]))", "{{service_name}}", "loki"),
        ),
        _asked(
            "Lines by level",
            "How bad it is, of what is chosen above.",
            Query(f"sum by (level) (count_over_time({_CHOSEN} [$__auto]))", "{{level}}", "loki"),
        ),
    ]
    if {"log_type", "action"} <= watched.contract.logs.fields.keys() and "audit" in watched.contract.logs.types:
        acts = '{log_type="audit"} | json action="action" | __error__="" [$__auto]'
        counts.append(
            _asked(
                "Audit events by action",
                "What users did to which kind of object.",
                Query(f"sum by (action) (count_over_time({acts}))", "{{action}}", "loki"),
            )
        )
    yield Row("How many", tuple(counts))
    said = "The newest lines of what is chosen above; a line of the app leads to its trace."
    yield Row("Lines", (_asked("Lines", said, Query(_CHOSEN, "", "loki"), "logs"),))


def _spans() -> Iterator[Panel]:
    every = "traces_spanmetrics_calls_total"
    failed, all_ = (
        f"sum by (service) (rate({selected}[{RATE}]))"
        for selected in (f'{every}{{status_code="STATUS_CODE_ERROR"}}', every)
    )
    yield lines(
        "Spans by service",
        "Steps of requests and jobs in a second, by the program that took them.",
        (all_, "{{service}}"),
        unit=units.OpsPerSecond,
    )
    yield lines(
        "Failed spans by service",
        "Share of the steps that failed.",
        (f"({failed} or {all_} * 0) / ({all_} > 0)", "{{service}}"),
        unit=units.PercentUnit,
    )
    yield lines(
        "Calls between programs",
        "Calls in a second, from whom to whom.",
        (f"sum by (client, server) (rate(traces_service_graph_request_total[{RATE}]))", "{{client}} to {{server}}"),
        unit=units.OpsPerSecond,
    )


def _traces(watched: Watched) -> Iterator[Panel]:
    service = f' && resource.service.name = "{watched.contract.http.service}"' if watched.contract.http else ""
    yield _asked(
        "Traces of requests",
        "Requests of the time shown, with a way to each trace.",
        Query(f"{{ kind = server{service} }}", "", "tempo"),
        "traces",
    )
    yield _asked(
        "Traces that failed",
        "Requests and jobs of the time shown in which a step failed.",
        Query("{ status = error }", "", "tempo"),
        "traces",
    )
