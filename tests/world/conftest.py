"""Fixtures about worlds: throw-away hosts that are removed when the test session ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from deployments import archives, blank, clean, deployed, first_deploy, package
from harness import RELEASES, World, WorldError, WorldRun, world_run
from scheduling import WorldScheduling, scope
from watching import header, is_official

__all__ = ["archives", "blank", "clean", "deployed", "first_deploy", "package"]  # fixtures of deployments.py

LAST = ("test_delivery",)
"""Files whose tests break what a world's Prometheus watches: it remembers that, and no later test finds all well."""

_KEPT_RUN = pytest.StashKey[WorldRun]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--keep-worlds",
        action="store_true",
        help="leave the worlds running for debugging; the summary says how to enter and to remove them (not with -n)",
    )
    parser.addoption(
        "--outage",
        type=int,
        default=60,
        metavar="SECONDS",
        help="how long test_outage.py stops each store (default: 60)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "official(*names): only with these components' official images; see the header")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> WorldScheduling:
    return WorldScheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what needs images that are not here; what spoils a world comes last."""
    absent = [item for item in items if not all(is_official(n) for m in item.iter_markers("official") for n in m.args)]
    config.hook.pytest_deselected(items=absent)
    items[:] = [item for item in items if item not in absent]
    items.sort(key=lambda item: item.path.stem in LAST)
    for item in items:
        _check_scope(item)


def _check_scope(item: pytest.Item) -> None:
    """Scopes are read from names: a test that would leave its world's scope would boot a second one, unnoticed."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    shared = {f"{name}-{parameters[name]}" for name in ("package", "world") if parameters.get(name) in RELEASES}
    if shared and shared != {scope(item.nodeid)}:
        raise pytest.UsageError(f"{item.nodeid} uses {shared}, but scheduling.py puts it into {scope(item.nodeid)}")


def pytest_report_header() -> list[str]:
    return header()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := [line for reports in terminalreporter.stats.values() for line in _figures(reports)]:
        terminalreporter.section("figures")
        terminalreporter.write("".join(f"{line}\n" for line in lines))
    if run := config.stash.get(_KEPT_RUN, None):
        terminalreporter.section("worlds kept: how to enter and to remove them")
        terminalreporter.line(run.how_to_enter_and_remove())


def _figures(reports: Iterable[object]) -> Iterator[str]:
    for report in reports:
        if isinstance(report, pytest.TestReport) and report.when == "teardown":
            yield from (f"{report.nodeid}: {text}" for name, text in report.user_properties if name == "figures")


@pytest.fixture(scope="session")
def worlds(pytestconfig: pytest.Config) -> Iterator[WorldRun]:
    """This session's test run: the network and every world on it."""
    kept = bool(pytestconfig.getoption("keep_worlds", default=False))
    try:
        with world_run(kept=kept) as run:
            if kept:
                pytestconfig.stash[_KEPT_RUN] = run
            yield run
    except WorldError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def new_world(worlds: WorldRun) -> Callable[[str], World]:
    """Factory: `new_world("bookworm")` boots a bare host that lives until the end of the session."""

    def boot(release: str) -> World:
        try:
            return worlds.new_world(release)
        except WorldError as error:
            pytest.fail(str(error), pytrace=False)

    return boot


@pytest.fixture(scope="session", params=RELEASES)
def world(request: pytest.FixtureRequest, new_world: Callable[[str], World]) -> World:
    """One bare host of each release; tests that change it share what they changed."""
    return new_world(request.param)
