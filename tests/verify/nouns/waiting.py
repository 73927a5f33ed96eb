"""Waiting for what comes by itself, and no longer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PAUSE_SECONDS = 0.25

_Answer = TypeVar("_Answer")


def eventually(ask: Callable[[], _Answer], seconds: float) -> _Answer:
    """The first answer that is true; the last one when time is up.

    :param seconds: how long to go on asking.
    """
    deadline = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
    return answer
