"""The two things that are served: the Docker API, read-only and filtered, and the page of metrics."""

from __future__ import annotations

from collections import Counter
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import Any

from engine_proxy.answers import HEADERS, REFUSED, Refused, Request
from engine_proxy.collecting import Collector
from engine_proxy.engine import Engine, EngineError
from engine_proxy.exposition import CONTENT_TYPE
from engine_proxy.logs import log
from engine_proxy.ooms import Ooms
from engine_proxy.serving import Handler, Server

API_THREADS = 8
METRICS_THREADS = 4


class Api(Handler):
    """The Docker API, as far as `answers` lets it through."""

    refusal = REFUSED
    _counting = Lock()

    def __init__(self, engine: Engine, requests: Counter[str], *args: Any) -> None:
        self._engine = engine
        self._requests = requests
        # The parent's constructor handles the request.
        super().__init__(*args)

    def do_GET(self) -> None:
        try:
            request = Request(self.path)
        except Refused:
            return self.refused()
        try:
            answer = self._engine.get(request.target)
            body = request.filtered(answer.body) if answer.status == HTTPStatus.OK else answer.body
        except (EngineError, ValueError) as error:
            log.error("a request to the engine failed: %s", error)
            self._count("failed")
            return self.say(HTTPStatus.BAD_GATEWAY, "engine-proxy got no answer from the Docker engine.")
        self._count("answered")
        passed = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
        return self.answer(answer.status, body, passed)

    do_HEAD = do_GET

    def refused(self) -> None:
        self._count("refused")
        super().refused()

    def _count(self, outcome: str) -> None:
        with self._counting:
            self._requests[outcome] += 1


class Metrics(Handler):
    """``/metrics``."""

    refusal = "engine-proxy has /metrics on this port, for GET and HEAD."

    def __init__(self, collector: Collector, *args: Any) -> None:
        self._collector = collector
        super().__init__(*args)

    def do_GET(self) -> None:
        if self.path != "/metrics":
            return self.refused()
        return self.answer(HTTPStatus.OK, self._collector.page().encode(), {"Content-Type": CONTENT_TYPE})

    do_HEAD = do_GET


def start(engine: Engine, ooms: Ooms, api: tuple[str, int], metrics: tuple[str, int]) -> tuple[Server, Server]:
    """Listen at both addresses, in threads of their own.

    :raises OSError: an address is taken.
    """
    requests: Counter[str] = Counter()
    servers = (
        Server(api, partial(Api, engine, requests)),
        Server(metrics, partial(Metrics, Collector(engine, ooms, requests))),
    )
    servers[0].start(API_THREADS)
    servers[1].start(METRICS_THREADS)
    return servers
