"""A store that is away for a while under known traffic, and Alloy that is restarted and killed meanwhile."""

from __future__ import annotations

import contextlib
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from harness import World, wait_for
from load import log_in, reached

PLACES = {
    "prometheus": (9090, "/-/ready"),
    "loki": (3100, "/ready"),
    "tempo": (3200, "/ready"),
    "alloy": (12345, "/-/ready"),
}
"""Component -> its port for debugging, and the path that answers once it does its work."""

PAUSE = 0.5
"""Seconds between two requests."""

ROUTE = "/api/me"

MANY = 5000
"""Answers to one question; Loki gives no more."""

_NUMBER = r"(\{.*\})? ([0-9.e+]+)$"
_LOSSES = re.compile(
    r"^(otelcol_exporter_(?:send|enqueue)_failed_\w+|otelcol_(?:receiver|processor)_(?:refused|failed)_\w+"
    r"|otelcol_processor_dropped_\w+|loki_process_dropped_lines_total|loki_discarded_samples_total"
    r"|tempo_discarded_spans_total|prometheus_tsdb_(?:too_old|out_of_bound)_samples_total)" + _NUMBER,
    re.MULTILINE,
)
"""Counters of what a program refused, could not pass on, or threw away."""


@dataclass(frozen=True)
class Absence:
    """When a program was away, in Unix time."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    def covers(self, at: float) -> bool:
        """Whether it was away then."""
        return self.began <= at <= self.ended


@dataclass(frozen=True)
class Sent:
    """A request, and when it was sent (Unix time)."""

    at: float
    trace_id: str
    outcome: str


@dataclass
class Traffic:
    """Requests at a steady pace through Caddy, each the first of a trace of its own, which its sender wants kept."""

    address: str
    sent: list[Sent] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def running(self) -> Iterator[Traffic]:
        """A client at work; at the end it finishes the request that it has begun."""
        client = threading.Thread(target=self._client, args=(log_in(self.address),))
        client.start()
        try:
            yield self
        finally:
            self._stopped.set()
            client.join()

    def more(self, seconds: float) -> None:
        """Wait until it has gone on for so long."""
        until = time.time() + seconds
        wait_for(lambda: self.sent and self.sent[-1].at >= until, seconds + 60, "the traffic to go on")

    def _client(self, token: str) -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {token}"
            while not self._stopped.wait(PAUSE):
                self.sent.append(self._one(session))

    def _one(self, session: requests.Session) -> Sent:
        at, trace_id = time.time(), secrets.token_hex(16)
        context = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
        try:
            outcome = str(session.get(f"{self.address}{ROUTE}", headers=context, timeout=30).status_code)
        except requests.RequestException as error:
            outcome = type(error).__name__
        return Sent(at, trace_id, outcome)


@dataclass(frozen=True)
class Host:
    """A deployed world, with a way to the app and to the debugging ports of the overlay."""

    world: World
    app: str
    addresses: Mapping[str, str]
    """Component -> URL."""

    def docker(self, verb: str, component: str) -> None:
        """``docker <verb>`` for the container of a service."""
        label = f"label=com.docker.compose.service={component}"
        self.world.check_output(f"docker {verb} $(docker ps --all --quiet --filter {label})")

    def upset(self, component: str, *verbs: str) -> Absence:
        """Do this to a container; gives the time until it is at work again, that of its end included."""
        began = time.time()
        for verb in verbs:
            self.docker(verb, component)
        wait_for(lambda: self._ready(component), 120, f"{component} to be ready")
        return Absence(began, time.time())

    def _ready(self, component: str) -> bool:
        with contextlib.suppress(requests.RequestException):
            return requests.get(self.addresses[component] + PLACES[component][1], timeout=5).ok
        return False

    def losses(self, *components: str) -> Counter[str]:
        """What these have counted as lost since they started, by counter; those at zero left out."""
        counted: Counter[str] = Counter()
        for component in components:
            text = requests.get(f"{self.addresses[component]}/metrics", timeout=30).text
            for name, _, value in _LOSSES.findall(text):
                counted[name] += round(float(value))
        return +counted

    # -- what the stores have --------------------------------------------------------------------
    def answers_counted(self) -> list[tuple[float, float]]:
        """(its own time in Unix seconds, value) of every sample of the app's count of answers to the traffic."""
        series = self._samples(
            f'http_server_request_duration_seconds_count{{job="socialize-api",http_route="{ROUTE}"}}'
        )
        assert len(series) <= 1, "the app is one process, and has one answer"
        return series[0] if series else []

    def spans_lost(self) -> float:
        """What the app itself counts as lost."""
        series = self._samples('socialize_spans_lost_total{job="socialize-api"}')
        assert series, "it is exported from the start, at nought"
        return sum(samples[-1][1] for samples in series)

    def own_scrapes(self) -> list[float]:
        """When Prometheus fetched its own metrics."""
        return [at for samples in self._samples('up{job="prometheus"}') for at, _ in samples]

    def _samples(self, selector: str) -> list[list[tuple[float, float]]]:
        found = self._get("prometheus", "/api/v1/query", query=f"{selector}[2h]").json()["data"]["result"]
        return [[(float(at), float(value)) for at, value in series["values"]] for series in found]

    def lines(self, query: str, since: float) -> list[tuple[float, str]]:
        """(time in Unix seconds, trace id) of every line that a LogQL query finds."""
        start = int((since - 60) * 10**9)
        answer = self._get("loki", "/loki/api/v1/query_range", query=query, limit=MANY, start=start).json()
        streams = [(stream["stream"].get("trace_id", ""), stream["values"]) for stream in answer["data"]["result"]]
        found = [(int(at) / 10**9, trace_id) for trace_id, values in streams for at, _ in values]
        assert len(found) < MANY, "there may be more"
        return found

    def spans(self, trace_id: str) -> int:
        """How many spans Tempo has of a trace."""
        answer = self._get("tempo", f"/api/v2/traces/{trace_id}", absent=404)
        batches = answer.json()["trace"].get("resourceSpans", ()) if answer.ok else ()
        return sum(len(scope["spans"]) for batch in batches for scope in batch["scopeSpans"])

    def traces(self, during: Absence) -> set[str]:
        """Ids of the traces that a search of Tempo finds between two times."""
        query = f'{{ resource.service.name = "socialize-api" && name = "GET {ROUTE}" }}'
        window = {"start": int(during.began), "end": int(during.ended) + 1}
        answer = self._get("tempo", "/api/search", q=query, limit=MANY, **window).json()
        return {trace["traceID"].rjust(32, "0") for trace in answer.get("traces", ())}

    def _get(self, component: str, path: str, absent: int = 0, **parameters: Any) -> requests.Response:
        answer = requests.get(self.addresses[component] + path, params=parameters, timeout=60)
        if answer.status_code != absent:
            answer.raise_for_status()
        return answer


@contextlib.contextmanager
def host(world: World) -> Iterator[Host]:
    """The host, as long as the tunnels to it stand."""
    with contextlib.ExitStack() as tunnels:
        app = tunnels.enter_context(reached(world, 8080))
        addresses = {name: tunnels.enter_context(reached(world, *place)) for name, place in PLACES.items()}
        yield Host(world, app, addresses)


@dataclass(frozen=True)
class Outage:
    """What happened: the requests, the store's absence, those of Alloy, and what was counted as lost."""

    sent: list[Sent]
    store: Absence
    alloy: list[Absence]
    losses: Counter[str]
    """By counter, of all lives of Alloy before the last one."""

    @property
    def inside(self) -> list[Sent]:
        """Requests while the store was away."""
        return [request for request in self.sent if self.store.covers(request.at)]


def outage(host: Host, store: str, seconds: float) -> Outage:
    """Under traffic stop a store for so long; a third of it later restart Alloy, after the second third kill it."""
    losses: Counter[str] = Counter()
    alloy = []
    with Traffic(host.app).running() as traffic:
        traffic.more(10)
        wait_for(host.answers_counted, 60, "the first export with an answer")
        host.docker("stop", store)
        began = time.time()
        for verbs in (["restart"], ["kill -s KILL", "start"]):
            traffic.more(seconds / 3)
            losses += host.losses("alloy")
            alloy.append(host.upset("alloy", *verbs))
        traffic.more(seconds / 3)
        absence = Absence(began, time.time())
        host.upset(store, "start")
        traffic.more(15)
    return Outage(traffic.sent, absence, alloy, losses)
