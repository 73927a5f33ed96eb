"""A stand-in for Prometheus and Alertmanager: it speaks their two APIs and says what a test has told it to.

The real ones are asked in `tests/verify/overlay/test_ops.py`, on a deployed host.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from socialize.ops import queries

GROUPS = {"auth": 0.995, "read": 0.995, "uploads": 0.99}


def alert(name: str, severity: str, summary: str = "", runbook: str = "", state: str = "active") -> Any:
    """An alert that has fired for an hour, in Alertmanager's format (OpenAPI, version 2)."""
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    return {
        "labels": {"alertname": name, "severity": severity, "instance": "canary-label"},
        "annotations": {"summary": summary, "runbook_url": runbook, "description": "canary-annotation"},
        "startsAt": hour_ago,
        "updatedAt": hour_ago,
        "endsAt": hour_ago,
        "fingerprint": "canary-fingerprint",
        "receivers": [{"name": "canary-receiver"}],
        "status": {"state": state, "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
        "generatorURL": "http://canary-generator/",
    }


WATCHDOG = alert("Watchdog", "info", "Alerts work")


class Watchers:
    """What both say."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.hanging = threading.Event()
        self.reset()

    def reset(self) -> None:
        """All is well."""
        self.hanging.clear()
        self.alerts: list[Any] = [WATCHDOG]
        self.values: dict[str, dict[str, float]] = {
            queries.OBJECTIVE: GROUPS,
            queries.ERRORS: dict.fromkeys(GROUPS, 0.0),
            queries.ERRORS_30D: dict.fromkeys(GROUPS, 0.001),
            queries.USAGE_DAY: dict.fromkeys(queries.USAGE, 3.2),
            queries.USAGE_WEEK: dict.fromkeys(queries.USAGE, 21.4),
        }
        self.broken: dict[str, tuple[int, bytes]] = {}
        """By query, or path of Alertmanager: another status and body."""
        self.asked: list[str] = []

    @property
    def env(self) -> dict[str, str]:
        return {
            "SOCIALIZE_OPS_PROMETHEUS_URL": self.url,
            "SOCIALIZE_OPS_ALERTMANAGER_URL": f"{self.url}/",
            "SOCIALIZE_OPS_GRAFANA_URL": "http://127.0.0.1:8080/grafana/",
        }

    def answer(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        place = urlsplit(path)
        query = parse_qs(place.query).get("query", [place.path])[0]
        self.asked.append(query)
        if query in self.broken:
            return self.broken[query]
        if place.path == "/api/v2/alerts":
            return 200, json.dumps(self.alerts).encode()
        label = queries.COUNTER if query in (queries.USAGE_DAY, queries.USAGE_WEEK) else queries.GROUP
        result = [
            {"metric": {label: name}, "value": [1.5, str(value)]}
            for name, value in self.values[query].items()
        ]
        body = {"status": "success", "data": {"resultType": "vector", "result": result}}
        return 200, json.dumps(body).encode()


@contextmanager
def watching() -> Iterator[Watchers]:
    """A stand-in that listens."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = watchers.answer(self.path)
            if watchers.hanging.is_set():
                # Until the app has given up and closed the connection.
                self.rfile.read()
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        watchers = Watchers(server.server_port)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield watchers
        server.shutdown()
        thread.join()
