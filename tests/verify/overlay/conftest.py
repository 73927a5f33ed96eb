"""The programs of the overlay, and the traffic that is looked for in them, as fixtures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache
from math import isnan

import pytest

from preprod.contract import Contract, Signal, signals
from verify.nouns.alloy import Alloy
from verify.nouns.api import Api, UnexpectedAnswer
from verify.nouns.bystander import Bystander
from verify.nouns.case import FROM_HOST, Case
from verify.nouns.compose import Compose
from verify.nouns.dashboards import STEP_SECONDS, Asked, asked
from verify.nouns.database import Database
from verify.nouns.deployment import Deployment, Observability
from verify.nouns.flow import Flow
from verify.nouns.jobs import Jobs
from verify.nouns.loki import LokiQuery
from verify.nouns.machine import Machine
from verify.nouns.program import Program
from verify.nouns.prometheus import PromQuery
from verify.nouns.target import Target
from verify.nouns.tempo import Tempo
from verify.nouns.visitor import Visitor
from verify.nouns.waiting import eventually

SLACK_SECONDS = 15
"""For what comes on top of an interval: a scrape or an export itself, and the load of a small host."""


@pytest.fixture
def observability(deployment: Deployment) -> Observability:
    assert deployment.observability
    return deployment.observability


@pytest.fixture
def contract(observability: Observability) -> Contract:
    """The app's telemetry contract."""
    return observability.promised


@pytest.fixture
def api_service(contract: Contract) -> str:
    """The service that answers HTTP, by its name in the contract: its job in Prometheus."""
    assert contract.http
    return contract.http.service


# -- programs ----------------------------------------------------------------------------------------
@pytest.fixture
def programs(target: Target, compose: Compose) -> Callable[[str], Program]:
    """A program of the overlay by its name."""

    def program(name: str) -> Program:
        try:
            return Program(target, compose.container(name))
        except LookupError as error:
            pytest.fail(str(error), pytrace=False)

    return program


def _program(case: Case, programs: Callable[[str], Program]) -> Program:
    return programs(case.thing)


# Two names for one thing: the second stands for those that have releases (verify.nouns.case).
program = release = pytest.fixture(_program)


@pytest.fixture
def prometheus(programs: Callable[[str], Program]) -> PromQuery:
    return PromQuery(programs("prometheus"))


@pytest.fixture
def loki(programs: Callable[[str], Program]) -> LokiQuery:
    return LokiQuery(programs("loki"))


@pytest.fixture
def tempo(programs: Callable[[str], Program]) -> Tempo:
    return Tempo(programs("tempo"))


@pytest.fixture
def alloy(programs: Callable[[str], Program]) -> Alloy:
    return Alloy(programs("alloy"))


@pytest.fixture
def jobs(compose: Compose, database: Database) -> Jobs:
    return Jobs(compose.container("worker"), database)


# -- dashboards --------------------------------------------------------------------------------------
@pytest.fixture
def dashboard(case: Case) -> list[Asked]:
    """The queries of a dashboard."""
    return asked(case.target, case.thing)


@pytest.fixture
def ask(machine: Machine, programs: Callable[[str], Program], visited: float) -> Callable[[Asked], bool]:
    """Whether a query is answered with data that are not older than the visits."""

    program_of = cache(programs)

    def answered(one: Asked) -> bool:
        program, now = program_of(one.source), machine.now
        if one.source == "loki":
            return LokiQuery(program).results(one.query, visited) > 0
        if one.source == "tempo":
            return bool(Tempo(program).search(one.query, visited, now))
        found = PromQuery(program)
        if one.once:
            values = [sample.value for sample in found.samples(one.query)]
        else:
            values = found.course(one.query, visited, now, STEP_SECONDS)
        return any(not isnan(value) for value in values)

    return answered


# -- metrics -----------------------------------------------------------------------------------------
def _metric(case: Case, contract: Contract) -> Signal:
    return next(signal for signal in signals(contract) if signal.name == case.thing)


# Three names for one thing: each stands for other metrics of the contract (verify.nouns.case).
metric = counter = gauge = pytest.fixture(_metric)


_BEGUN = pytest.StashKey[dict[str, float]]()


@pytest.fixture
def delay(observability: Observability) -> float:
    """Seconds until what the app measures can be asked of Prometheus, which fetches it, or gets it, as often."""
    return observability.scrape_interval + SLACK_SECONDS


@pytest.fixture
def patience(target: Target, delay: float, pytestconfig: pytest.Config) -> float:
    """Seconds to wait for what a host should always have: what is left of the delay since it was first asked."""
    begun = pytestconfig.stash.setdefault(_BEGUN, {}).setdefault(target.name, time.monotonic())
    return max(0.0, begun + delay - time.monotonic())


# -- traffic -----------------------------------------------------------------------------------------
_FLOWS = pytest.StashKey[dict[str, Flow]]()


@pytest.fixture
def flow(
    target: Target,
    contract: Contract,
    prometheus: PromQuery,
    entrance: Callable[[str], Api],
    machine: Machine,
    delay: float,
    pytestconfig: pytest.Config,
) -> Flow:
    """Requests that are looked for in every store; one flow a host, because it takes its time to arrive there."""
    flows = pytestconfig.stash.setdefault(_FLOWS, {})
    if target.name not in flows:
        try:
            flows[target.name] = Flow(contract, prometheus, entrance(FROM_HOST), machine, delay)
        except UnexpectedAnswer as error:
            pytest.fail(str(error), pytrace=False)
    return flows[target.name]


_VISITS = pytest.StashKey[dict[str, float]]()
_LOG_INS = "socialize_login_attempts_total"


@pytest.fixture
def visited(
    target: Target,
    machine: Machine,
    entrance: Callable[[str], Api],
    prometheus: PromQuery,
    delay: float,
    pytestconfig: pytest.Config,
) -> float:
    """Unix time since when the app has been visited, twice: what is made by its first event grows with the second."""
    visits = pytestconfig.stash.setdefault(_VISITS, {})
    if target.name not in visits:
        since, visitor = machine.now, Visitor(entrance(FROM_HOST))
        visitor.visit()
        # What the app measured later than this knows of all of the visit, not only of its beginning.
        ended = machine.now
        taken = f"timestamp({_LOG_INS})"
        eventually(lambda: max(prometheus.values(taken).values(), default=0) > ended, delay)
        visitor.visit()
        visits[target.name] = since
    return visits[target.name]


@pytest.fixture
def bystander(target: Target, deployment: Deployment) -> Iterator[Bystander]:
    """A container beside the project that prints what it should not."""
    bystander = Bystander(target, deployment.services["postgres"].image)
    yield bystander
    bystander.remove()
