"""Dashboards in Grafana's classic JSON model, written with its own SDK.

The SDK of Grafana 11.6 writes `schemaVersion` 41. Grafana 13 takes the classic model from provisioned files and
converts it when it loads a dashboard
(https://grafana.com/docs/grafana/v13.1/visualizations/dashboards/build-dashboards/view-dashboard-json-model/,
"Different dashboard schema models";
https://docs.aws.amazon.com/grafana/latest/userguide/v13-dash-dynamic-provisioned.html says it of its Grafana 13).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from string import ascii_uppercase
from typing import Any

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import logs, loki, prometheus, stat, table, tempo, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.tempo import SearchTableType

from preprod.render.dashboards.panels import Board, Kind, Limits, Panel, Query, Source, Variable

WIDTH = 24
"""Columns of Grafana's grid."""

SIZES: Mapping[Kind, tuple[int, int]] = {
    "number": (4, 4),
    "lines": (8, 8),
    "table": (12, 8),
    "traces": (24, 9),
    "logs": (24, 14),
}
"""Columns and rows that a panel takes."""

TAG = "preprod"
EVERYTHING = ".+"
"""What a variable stands for until one chooses."""

_TYPES: Mapping[Source, str] = {"prometheus": "prometheus", "longterm": "prometheus", "loki": "loki", "tempo": "tempo"}
_GREEN, _ORANGE, _RED = "green", "orange", "red"

_Builder = timeseries.Panel | stat.Panel | table.Panel | logs.Panel
_Target = prometheus.Dataquery | loki.Dataquery | tempo.TempoQuery


def text(board: Board, links: Mapping[str, str]) -> str:
    """A dashboard as Grafana reads it.

    :param links: title -> address, beside the way to the other dashboards.
    """
    made = (
        builders.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .readonly()
        .time("now-6h", "now")
        .timezone("browser")
        .refresh("1m")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .links([*_links(links)])
        .variables([*map(_variable, board.variables)])
    )
    for panel in _placed(board):
        made = made.with_row(panel) if isinstance(panel, builders.Row) else made.with_panel(panel)
    return json.dumps(made.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _links(links: Mapping[str, str]) -> Iterator[builders.DashboardLink]:
    others = builders.DashboardLink("Dashboards").type(dashboard.DashboardLinkType.DASHBOARDS).tags([TAG])
    yield others.as_dropdown(True).keep_time(True)
    for title, address in links.items():
        yield builders.DashboardLink(title).type(dashboard.DashboardLinkType.LINK).url(address).target_blank(True)


# -- places ------------------------------------------------------------------------------------------
def _placed(board: Board) -> Iterator[_Builder | builders.Row]:
    """Rows and panels from top to bottom, each with its number and its place on the grid."""
    y, number = 0, 0
    for row in board.rows:
        number += 1
        yield builders.Row(row.title).id(number).grid_pos(dashboard.GridPos(h=1, w=WIDTH, x=0, y=y))
        y, x, tallest = y + 1, 0, 0
        for panel in row.panels:
            number += 1
            width, height = SIZES[panel.kind]
            if x + width > WIDTH:
                y, x, tallest = y + tallest, 0, 0
            yield _panel(panel, number).grid_pos(dashboard.GridPos(h=height, w=width, x=x, y=y))
            x, tallest = x + width, max(tallest, height)
        y += tallest


# -- panels ------------------------------------------------------------------------------------------
def _panel(panel: Panel, number: int) -> _Builder:
    made: _Builder = _BUILDERS[panel.kind](panel)
    made = made.id(number).title(panel.title).description(panel.description)
    made = made.datasource(_source(panel.queries[0].source)).no_value(panel.empty or "-")
    for letter, query in zip(ascii_uppercase, panel.queries, strict=False):
        made = made.with_target(_target(panel, query).ref_id(letter))
    return made


def _lines(panel: Panel) -> timeseries.Panel:
    legend = common_builders.VizLegendOptions().show_legend(True)
    made = (
        timeseries.Panel()
        .unit(panel.unit)
        .fill_opacity(30 if panel.stacked else 5)
        .show_points(common.VisibilityMode.NEVER)
        .legend(legend.display_mode(common.LegendDisplayMode.LIST).placement(common.LegendPlacement.BOTTOM))
        .tooltip(common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    )
    if panel.floor is not None:
        made = made.axis_soft_min(panel.floor)
    if panel.stacked:
        made = made.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
    if panel.limits:
        style = common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        made = made.thresholds(_thresholds(panel.limits)).thresholds_style(style)
    return made


def _number(panel: Panel) -> stat.Panel:
    made = (
        stat.Panel()
        .unit(panel.unit)
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_thresholds(panel.limits))
    )
    return made.text_mode(common.BigValueTextMode.VALUE_AND_NAME) if len(panel.queries) > 1 else made


def _table(panel: Panel) -> table.Panel:
    tidy = dashboard.DataTransformerConfig("organize", options={"excludeByName": {"Time": True}})
    made = table.Panel().unit(panel.unit).with_transformation(tidy)
    made = made.sort_by([common_builders.TableSortByFieldState().display_name("Value").desc(True)])
    return made.thresholds(_thresholds(panel.limits)) if panel.limits else made


def _logs(panel: Panel) -> logs.Panel:
    made = logs.Panel().show_time(True).wrap_log_message(True).enable_log_details(True)
    return made.sort_order(common.LogsSortOrder.DESCENDING)


_BUILDERS: Mapping[Kind, Callable[[Panel], _Builder]] = {
    "lines": _lines,
    "number": _number,
    "table": _table,
    "logs": _logs,
    "traces": lambda panel: table.Panel(),
}


def _thresholds(limits: Limits | None) -> builders.ThresholdsConfig:
    return builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps([*_steps(limits)])


def _steps(limits: Limits | None) -> Iterator[dashboard.Threshold]:
    step = dashboard.Threshold
    if limits is None:
        yield step(value=None, color=_GREEN)
    elif limits.low:
        yield step(value=None, color=_RED)
        if limits.warn is not None:
            yield step(value=limits.bad, color=_ORANGE)
        yield step(value=limits.bad if limits.warn is None else limits.warn, color=_GREEN)
    else:
        yield step(value=None, color=_GREEN)
        if limits.warn is not None:
            yield step(value=limits.warn, color=_ORANGE)
        yield step(value=limits.bad, color=_RED)


# -- queries -----------------------------------------------------------------------------------------
def _target(panel: Panel, query: Query) -> _Target:
    if query.source == "tempo":
        asked = tempo.TempoQuery().query_type("traceql").query(query.expr).table_type(SearchTableType.TRACES)
        return asked.limit(20).datasource(_source("tempo"))
    if query.source == "loki":
        lines = loki.Dataquery().expr(query.expr).query_type("range").legend_format(query.legend)
        return lines.datasource(_source("loki"))
    made = prometheus.Dataquery().expr(query.expr).legend_format(query.legend or "__auto")
    made = made.datasource(_source(query.source))
    if panel.kind == "lines":
        # Exemplars hang on buckets, and each time they are asked for is a second question.
        return made.range().exemplar("_bucket{" in query.expr)
    # A figure is asked for once, and not at every point of a line: some look back for a month.
    return made.instant().format(PromQueryFormat.TABLE if panel.kind == "table" else PromQueryFormat.TIME_SERIES)


def _source(name: Source) -> dashboard.DataSourceRef:
    return dashboard.DataSourceRef(type_val=_TYPES[name], uid=name)


# -- variables ---------------------------------------------------------------------------------------
def _variable(variable: Variable) -> Any:
    if variable.source:
        found = builders.QueryVariable(variable.name).query(variable.query).datasource(_source(variable.source))
        chosen = found.refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(
            dashboard.VariableSort.ALPHABETICAL_ASC
        )
        return _many(chosen, variable)
    if variable.values:
        return _many(builders.CustomVariable(variable.name).values(",".join(variable.values)), variable)
    return builders.TextBoxVariable(variable.name).label(variable.label).default_value("")


def _many(made: Any, variable: Variable) -> Any:
    every = dashboard.VariableOption(selected=True, text="All", value="$__all")
    return made.label(variable.label).multi(True).include_all(True).all_value(EVERYTHING).current(every)
