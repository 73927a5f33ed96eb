"""The container's health check: ask the server beside it and show its answer.

Imports the standard library alone: it runs every few seconds.
"""

import http.client
import os

TIMEOUT_SECONDS = 5
"""Longer than the server's own limit for a check, so that its verdict arrives."""


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
