"""The app's background jobs, as the worker's own log tells of them."""

from __future__ import annotations

import json

from verify.nouns.container import Container
from verify.nouns.database import Database
from verify.nouns.waiting import eventually

CLEAN_UP = "clean_up"
"""Removes what has expired, every hour: no harm if it comes earlier."""

DONE_SECONDS = 30
"""For the worker to look for a job, to do it, and to say so."""

_TAIL = 2000


class Jobs:
    """The worker and its queue."""

    def __init__(self, worker: Container, database: Database) -> None:
        self._worker = worker
        self._database = database

    def clean_up(self) -> str:
        """Have the worker clean up now, and give the id of the trace of that; empty when it has none.

        :raises TimeoutError: it did not.
        """
        before = self._done
        self._database.bring_forward(CLEAN_UP)
        done = eventually(lambda: self._done - before, DONE_SECONDS)
        if not done:
            raise TimeoutError(f"{self._worker} should have done the job {CLEAN_UP} within {DONE_SECONDS} s")
        return str(json.loads(done.pop()).get("trace_id", ""))

    @property
    def _done(self) -> set[str]:
        """The lines that say so."""
        lines = self._worker.log(tail=_TAIL).splitlines()
        return {line for line in lines if f'"{CLEAN_UP}"' in line and '"job done"' in line}
