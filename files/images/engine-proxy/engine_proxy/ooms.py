"""Containers that ran out of memory, counted from the engine's events.

Their inspection does not tell: newer engines take ``OOMKilled`` back as soon as the container is started again, a tenth
of a second later; 20.10 leaves it until the container ends the next time.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Collection
from threading import Lock
from urllib.parse import urlencode

from engine_proxy.engine import Engine, EngineError

SETTLED = 1_000_000_000
"""Nanoseconds after which an event is known to be in the engine's list: it gets its time first, and its place then."""

_FILTERS = json.dumps({"type": ["container"], "event": ["oom"]})


class Ooms:
    """Counts from its beginning on. Safe for threads: whoever looks, an event counts once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._seen = time.time_ns()
        """Everything until then has been counted."""
        self._counts: Counter[str] = Counter()
        self._told: set[str] = set()

    def look(self, version: str) -> None:
        """Count what has happened since the last look.

        :param version: of the engine's API.
        :raises EngineError: the engine does not tell; the next look asks for the same time again.
        """
        with self._lock:
            now = time.time_ns()
            # Were the clock put back, nothing would be counted until it is as late again.
            self._seen = min(self._seen, now)
            until = now - SETTLED
            if until > self._seen:
                self._counts.update(self._between(version, self._seen, until))
                self._seen = until

    def _between(self, version: str, after: int, until: int) -> list[str]:
        """The container of each event. With an end in the past the engine answers at once, and does not stream."""
        # It reads its list backwards up to the first that is too old, and events of one moment may be out of order.
        asked = {"since": _written(after - SETTLED), "until": _written(until), "filters": _FILTERS}
        events = self._engine.documents(f"/v{version}/events?{urlencode(asked)}")
        try:
            return [event["Actor"]["ID"] for event in events if after < event["timeNano"] <= until]
        except (LookupError, TypeError) as error:
            raise EngineError(f"the engine's events have another shape: {error}") from error

    def of(self, container: str) -> int:
        """How often a container ran out of memory: nought the first time, as growth is seen from there."""
        with self._lock:
            known = container in self._told
            self._told.add(container)
            return self._counts[container] if known else 0

    @property
    def known(self) -> set[str]:
        """Containers of which something is remembered."""
        with self._lock:
            return self._told | self._counts.keys()

    def forget(self, containers: Collection[str]) -> None:
        with self._lock:
            self._told.difference_update(containers)
            for one in containers:
                del self._counts[one]


def _written(time: int) -> str:
    """A time in nanoseconds as the engine reads it, to the nanosecond."""
    return f"{time // 1_000_000_000}.{time % 1_000_000_000:09d}"
