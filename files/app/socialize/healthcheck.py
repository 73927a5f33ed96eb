"""The container's health check: ask the server beside it, or look at the worker's sign of life.

Imports the standard library alone: it runs every few seconds.
"""

import http.client
import json
import os
import time

TIMEOUT_SECONDS = 5
"""Longer than the server's own limit for a check, so that its verdict arrives."""

WORKER_LOST_AFTER_SECONDS = 30
"""Six heartbeats; as in `socialize.heartbeats`, which must not be imported here."""


def check(which: str) -> int:
    """Print the body of ``/health/<which>`` of the server on this machine.

    Args:
        which: "live" or "ready".
    Returns:
        The exit status: 0 for an answer of 200, 1 for any other and for none.
    """
    try:
        port = int(os.environ.get("SOCIALIZE_PORT", "8000"))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        connection.request("GET", f"/health/{which}")
        response = connection.getresponse()
        print(response.read().decode())
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"socialize: no answer from the server: {error}")
        return 1
    return 0 if response.status == 200 else 1


def check_worker() -> int:
    """Print how long ago the worker of this container last said that it lives.

    Returns:
        The exit status: 0 when that is not too long ago.
    """
    path = os.environ.get("SOCIALIZE_WORKER_ALIVE_FILE", "/tmp/socialize-worker.alive")  # noqa: S108
    try:
        age = time.time() - os.stat(path).st_mtime
    except OSError:
        print(json.dumps({"state": "failed", "detail": "the worker has not reported yet"}))
        return 1
    state = "ok" if age <= WORKER_LOST_AFTER_SECONDS else "failed"
    print(json.dumps({"state": state, "heartbeat_age_seconds": round(age, 1)}))
    return 0 if state == "ok" else 1
