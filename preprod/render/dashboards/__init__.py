"""Dashboards: a module of pure functions for each; what they show follows from contract, settings and components."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from preprod.render.dashboards import api, containers, jobs, logs, postgres, slo, system, telemetry, usage
from preprod.render.dashboards.panels import Board
from preprod.render.dashboards.written import text
from preprod.render.rules import Watched

__all__ = ["Board", "of_contract", "of_host", "texts"]


def of_contract(watched: Watched) -> list[Board]:
    """What follows from the app's contract."""
    return _there(*(of.board(watched) for of in (api, usage, jobs, slo, logs)))


def of_host(watched: Watched, scraped: Iterable[str]) -> list[Board]:
    """All dashboards of a host: those of what runs there.

    :param scraped: what Prometheus fetches.
    """
    others = (system.board(watched), containers.board(watched), postgres.board(watched))
    return [*of_contract(watched), *_there(*others, telemetry.board(watched, scraped))]


def _there(*boards: Board | None) -> list[Board]:
    return [board for board in boards if board]


def texts(boards: Iterable[Board], watched: Watched) -> Mapping[str, str]:
    """Name -> text of the files that Grafana reads."""
    runbooks = watched.settings.runbook_base_url
    # A path in the checkout leads nowhere from a browser.
    links = {"Runbooks": runbooks} if urlsplit(runbooks).scheme in ("http", "https") else {}
    return {f"{board.uid}.json": text(board, links) for board in boards}
