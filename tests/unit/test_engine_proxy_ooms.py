"""How the engine proxy counts containers that run out of memory: every event once, whoever asks and whenever."""

from __future__ import annotations

import importlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from unit.fakeengine import CANARY, CGROUP_V2, INSPECTED, OF_API, SOURCES, FakeEngine, Proxy, until
from unit.fakeevents import EVENTS, Event, told

SECOND = 1_000_000_000
OURS = f"container_oom_events_total{{{OF_API}}}"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    with FakeEngine(tmp_path / "docker.sock") as engine:
        engine.has((INSPECTED, CGROUP_V2))
        yield engine
        engine.shutdown()


@pytest.fixture
def proxy(engine: FakeEngine, tmp_path: Path) -> Iterator[Proxy]:
    # Scrapes alone look.
    proxy = Proxy(tmp_path / "docker.sock", look_interval=3600)
    yield proxy
    proxy.process.kill()
    proxy.process.communicate()


def settle() -> None:
    """Until the proxy takes into account what has happened."""
    time.sleep(1.05)


# -- the program -------------------------------------------------------------------------------------
def test_every_event_counts_once_with_two_scrapers_at_a_time(engine: FakeEngine, proxy: Proxy) -> None:
    assert proxy.metrics()[OURS] == 0
    over, seen = threading.Event(), list[float]()

    def scrape() -> None:
        while not over.is_set():
            seen.append(proxy.metrics()[OURS])

    scrapers = [threading.Thread(target=scrape) for _ in range(2)]
    for one in scrapers:
        one.start()
    for _ in range(200):
        engine.runs_out_of_memory("a1")
        time.sleep(0.005)
    settle()
    over.set()
    for one in scrapers:
        one.join()
    assert proxy.metrics()[OURS] == 200
    assert len({value for value in seen if 0 < value < 200}) > 3
    assert CANARY not in proxy.page()


def test_it_looks_between_scrapes_as_the_engine_forgets(engine: FakeEngine, tmp_path: Path) -> None:
    looking = Proxy(tmp_path / "docker.sock")
    try:
        assert looking.metrics()[OURS] == 0
        engine.runs_out_of_memory("a1")
        settle()
        asked = len(engine.asked)
        until(lambda: len([one for one in engine.asked[asked:] if one.startswith(EVENTS)]) > 1)
        engine.events.clear()
        assert looking.metrics()[OURS] == 1
    finally:
        looking.process.kill()
        looking.process.communicate()


def test_what_was_before_its_start_is_not_counted_again(engine: FakeEngine, tmp_path: Path) -> None:
    engine.runs_out_of_memory("a1")
    again = Proxy(tmp_path / "docker.sock", look_interval=3600)
    try:
        assert again.metrics()[OURS] == 0
        settle()
        assert again.metrics()[OURS] == 0
    finally:
        again.process.kill()
        again.process.communicate()


def test_a_container_begins_at_nought_however_soon_it_ran_out_of_memory(engine: FakeEngine, proxy: Proxy) -> None:
    engine.has()
    proxy.page()
    engine.runs_out_of_memory("a1")
    settle()
    engine.has((INSPECTED, CGROUP_V2))
    assert [proxy.metrics()[OURS] for _ in range(2)] == [0, 1]


def test_of_a_container_that_has_gone_nothing_is_kept(engine: FakeEngine, proxy: Proxy) -> None:
    proxy.page()
    engine.runs_out_of_memory("a1")
    settle()
    assert proxy.metrics()[OURS] == 1
    engine.has()
    assert OURS not in proxy.metrics()
    engine.has((INSPECTED, CGROUP_V2))
    assert [proxy.metrics()[OURS] for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("answer", [500, b"no JSON", b'{"Action": "oom"}', b"[1]"])
def test_events_that_the_engine_does_not_tell_are_missed_and_counted_later(
    engine: FakeEngine, proxy: Proxy, answer: Any
) -> None:
    proxy.page()
    engine.runs_out_of_memory("a1")
    settle()
    engine.answers[EVENTS] = answer
    metrics = proxy.metrics()
    assert (metrics[OURS], metrics["engine_unreadable_containers"], metrics["engine_up"]) == (0, 1, 1)
    del engine.answers[EVENTS]
    metrics = proxy.metrics()
    assert (metrics[OURS], metrics["engine_unreadable_containers"]) == (1, 0)
    assert proxy.process.stdout
    assert "out of memory" in json.loads(proxy.process.stdout.readline())["message"]


# -- the clock ---------------------------------------------------------------------------------------
class Clocked:
    """An engine with a clock of its own."""

    def __init__(self) -> None:
        self.now = 1000 * SECOND
        self.events: list[Event] = []

    def documents(self, target: str) -> list[Any]:
        lines = told(self.events, target)
        assert isinstance(lines, bytes)
        return [json.loads(line) for line in lines.splitlines()]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clocked:
    clock = Clocked()
    monkeypatch.setattr(time, "time_ns", lambda: clock.now)
    return clock


@pytest.fixture
def ooms(clock: Clocked, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SOURCES))
    made = importlib.import_module("engine_proxy.ooms").Ooms(clock)
    made.of("a1")
    return made


def test_an_event_at_the_edge_of_two_looks_counts_once(clock: Clocked, ooms: Any) -> None:
    edge = clock.now + 5 * SECOND
    clock.events = [(edge + past, "a1") for past in (-1, 0, 1)]
    clock.now = edge + SECOND
    ooms.look("1.41")
    assert ooms.of("a1") == 2
    clock.now += 1
    ooms.look("1.41")
    assert ooms.of("a1") == 3


def test_events_out_of_order_are_all_found(clock: Clocked, ooms: Any) -> None:
    edge = clock.now + 5 * SECOND
    clock.now = edge + SECOND
    ooms.look("1.41")
    # Read backwards, the one that is too old hides those before it.
    clock.events = [(edge + 2, "a1"), (edge + 1, "a1"), (edge - 1, "b2")]
    clock.now += 5 * SECOND
    ooms.look("1.41")
    assert ooms.of("a1") == 2


def test_a_clock_that_is_put_back_does_not_stop_the_count(clock: Clocked, ooms: Any) -> None:
    clock.now -= 3600 * SECOND
    ooms.look("1.41")
    clock.now += 5 * SECOND
    clock.events = [(clock.now - 2 * SECOND, "a1")]
    ooms.look("1.41")
    assert ooms.of("a1") == 1
