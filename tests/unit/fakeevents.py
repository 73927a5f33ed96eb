"""What an engine says of its events, from those that are in its list."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import takewhile
from urllib.parse import parse_qs, urlsplit

EVENTS = "/v1.41/events"
FILTERS = {"type": ["container"], "event": ["oom"]}

Event = tuple[int, str]
"""Nanoseconds since 1970, and the container that ran out of memory."""


def told(events: Sequence[Event], target: str) -> bytes | int:
    """From the newest back to the first that is too old, the ends among them.

    An end that is not over yet would make the engine wait for more; like other filters it is refused here.
    """
    asked = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
    since, until = (_nanoseconds(asked[name]) for name in ("since", "until"))
    if json.loads(asked["filters"]) != FILTERS or not since <= until < time.time_ns():
        return 400
    young = list(takewhile(lambda event: event[0] >= since, reversed(events)))
    return b"".join(_line(*event) for event in reversed(young) if event[0] <= until)


def _nanoseconds(written: str) -> int:
    seconds, fraction = written.split(".")
    assert len(fraction) == 9
    return int(seconds) * 1_000_000_000 + int(fraction)


def _line(at: int, container: str) -> bytes:
    actor = {"ID": container, "Attributes": {"name": "socialize-api-1", "password": "hunter2-canary"}}
    return json.dumps({"Type": "container", "Action": "oom", "Actor": actor, "timeNano": at}).encode() + b"\n"
