"""One scrape: all containers of the engine, asked at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

from engine_proxy.engine import Engine, EngineError, Gone
from engine_proxy.exposition import Sample, written
from engine_proxy.families import FAMILIES
from engine_proxy.logs import log
from engine_proxy.ooms import Ooms
from engine_proxy.readings import labels, state, statistics

AT_ONCE = 64
"""Requests to the engine at the same time. Engine 20.10 answers all who ask for statistics once a second, together."""

STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")
"""All that the engine's API names."""

OUTCOMES = ("answered", "refused", "failed")


class Collector:
    """Makes the page of metrics."""

    def __init__(self, engine: Engine, ooms: Ooms, requests: Counter[str]) -> None:
        """
        :param requests: outcome -> how many requests to the proxy had it; counted elsewhere.
        """
        self._engine = engine
        self._ooms = ooms
        self._requests = requests
        self._pool: Executor = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="scrape")

    def page(self) -> str:
        return written(FAMILIES, self._samples())

    def _samples(self) -> Iterator[Sample]:
        for outcome in OUTCOMES:
            yield Sample("engine_proxy_requests_total", {"outcome": outcome}, self._requests[outcome])
        # Before the list: of what comes meanwhile nothing is forgotten.
        known = self._ooms.known
        try:
            version = self._engine.version()
            listed = self._engine.json(f"/v{version}/containers/json?all=1")
        except EngineError as error:
            log.error("no metrics of containers: %s", error)
            yield Sample("engine_up", {}, 0)
            return
        yield Sample("engine_up", {}, 1)
        counted = Counter(container["State"] for container in listed)
        yield from (Sample("engine_containers", {"state": one}, counted[one]) for one in STATES)
        ids = [container["Id"] for container in listed]
        self._ooms.forget(known.difference(ids))
        yield from self._of_all(version, ids)

    def _of_all(self, version: str, ids: list[str]) -> Iterator[Sample]:
        looked, unreadable = self._look(version), 0
        for samples, complete in self._pool.map(lambda one: self._of_one(version, one), ids):
            unreadable += not (looked and complete)
            yield from samples
        yield Sample("engine_unreadable_containers", {}, unreadable)

    def _look(self, version: str) -> bool:
        try:
            self._ooms.look(version)
        except EngineError as error:
            log.error("no news of containers that ran out of memory: %s", error)
            return False
        return True

    def _of_one(self, version: str, container: str) -> tuple[list[Sample], bool]:
        """Samples of a container, none of one that has gone; whether these are all that there should be."""
        at = f"/v{version}/containers/{container}"
        samples: list[Sample] = []
        try:
            inspected = self._engine.json(f"{at}/json")
            samples += state(inspected)
            samples.append(Sample("container_oom_events_total", labels(inspected), self._ooms.of(container)))
            if inspected["State"]["Running"]:
                # One-shot: without it the engine takes a second reading, a second later (API 1.41 and after).
                stats = self._engine.json(f"{at}/stats?stream=false&one-shot=true")
                samples += statistics(labels(inspected), stats)
        except Gone:
            return [], True
        except (EngineError, AttributeError, LookupError, TypeError, ValueError) as error:
            log.error("not all metrics of one container: %s: %s", type(error).__name__, error)
            return samples, False
        return samples, True
