"""An engine that answers what it is told, and the engine proxy in a process of its own before it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest

from unit import fakeevents
from unit.fakeevents import EVENTS

SOURCES = Path(__file__).parents[2] / "files" / "images" / "engine-proxy"
CANARY = "hunter2-canary"
NEVER = "0001-01-01T00:00:00Z"

LISTED = {
    "Id": "a1",
    "Names": ["/socialize-api-1"],
    "Image": "socialize:1",
    "ImageID": f"sha256:{CANARY}",
    "Command": f"serve --password={CANARY}",
    "State": "running",
    "Status": "Up 2 minutes (healthy)",
    "Ports": [{"PrivatePort": 8000, "Type": "tcp"}],
    "Labels": {
        "com.docker.compose.project": "socialize",
        "com.docker.compose.service": "api",
        "com.docker.compose.project.environment_file": CANARY,
        "password": CANARY,
    },
    "HostConfig": {"NetworkMode": "socialize_edge", "Annotations": {"x": CANARY}},
    "NetworkSettings": {
        "Networks": {"edge": {"NetworkID": "n1", "IPAddress": "10.0.0.2", "DriverOpts": {"x": CANARY}}}
    },
    "Mounts": [{"Source": f"/srv/{CANARY}"}],
}
NETWORK = {
    "Id": "n1",
    "Name": "edge",
    "Scope": "local",
    "Internal": False,
    "Ingress": False,
    "Options": {"x": CANARY},
    "Labels": {"com.docker.compose.project": "socialize", "secret": CANARY},
}
INSPECTED = {
    "Id": "a1",
    "Name": "/socialize-api-1",
    "RestartCount": 3,
    "State": {
        "Running": True,
        "ExitCode": 0,
        "StartedAt": "2026-01-02T03:04:05.123456789Z",
        "Health": {"Status": "healthy"},
    },
    "Config": {"Image": "socialize:1", "Env": [f"PASSWORD={CANARY}"], "Labels": LISTED["Labels"]},
    "HostConfig": {"Memory": 402653184, "NanoCpus": 1500000000, "CpuPeriod": 0, "CpuQuota": 0, "PidsLimit": 100},
}
CGROUP_V2 = {
    "read": "2026-01-02T03:05:05Z",
    "pids_stats": {"current": 12},
    "cpu_stats": {
        "cpu_usage": {"total_usage": 2500000000},
        "throttling_data": {"periods": 40, "throttled_periods": 5, "throttled_time": 750000000},
    },
    "memory_stats": {"usage": 1000, "stats": {"inactive_file": 300}},
    "blkio_stats": {
        "io_service_bytes_recursive": [
            {"major": 8, "minor": 0, "op": "read", "value": 7},
            {"major": 8, "minor": 16, "op": "read", "value": 5},
            {"major": 8, "minor": 0, "op": "write", "value": 3},
        ]
    },
    "networks": {
        "eth0": {"rx_bytes": 1, "rx_errors": 2, "rx_dropped": 3, "tx_bytes": 4, "tx_errors": 5, "tx_dropped": 6},
        "eth1": {"rx_bytes": 10, "tx_bytes": 40},
    },
}
CGROUP_V1 = CGROUP_V2 | {
    "memory_stats": {"usage": 1000, "stats": {"inactive_file": 300, "total_inactive_file": 400}},
    "blkio_stats": {"io_service_bytes_recursive": [{"major": 8, "minor": 0, "op": "Read", "value": 9}]},
}
OF_API = 'name="socialize-api-1",service="api",project="socialize",image="socialize:1"'


class FakeEngine(ThreadingUnixStreamServer):
    """Answers what stands in `answers`, by target; a function is called for its answer."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), _Told)
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.events: list[tuple[int, str]] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def heard(self) -> list[str]:
        """What it was asked for by others than the proxy itself, which looks at it now and then."""
        return [target for target in self.asked if target != "/_ping" and not target.startswith(EVENTS)]

    def runs_out_of_memory(self, container: str) -> None:
        self.events.append((time.time_ns(), container))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A proxy that was ended takes no answer."""

    def has(self, *containers: tuple[dict[str, Any], Any]) -> None:
        """What an engine with these containers answers: inspection (None: gone), statistics of each."""
        self.answers = {"/_ping": "OK", "/v1.41/containers/json": [LISTED], "/v1.41/networks": [NETWORK]}
        self.answers["/v1.41/containers/json?all=1"] = [
            {"Id": inspected["Id"], "State": "running" if inspected["State"]["Running"] else "exited"}
            for inspected, _ in containers
        ]
        for inspected, stats in containers:
            at = f"/v1.41/containers/{inspected['Id']}"
            self.answers |= {f"{at}/json": inspected, f"{at}/stats?stream=false&one-shot=true": stats}


class _Told(BaseHTTPRequestHandler):
    server: FakeEngine

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        answer = self.server.answers.get(self.path)
        if answer is None and self.path.startswith(EVENTS):
            answer = self.server.answers.get(EVENTS) or fakeevents.told(self.server.events, self.path)
        answer = answer() if callable(answer) else answer
        status = 404 if answer is None else answer if isinstance(answer, int) else 200
        said = answer if status == 200 else {"message": "said by the engine"}
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        for name, value in {"Api-Version": "1.41", "Ostype": "linux", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "proxy"

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Proxy:
    """The program at work."""

    def __init__(self, engine_socket: Path, look_interval: float = 0.05) -> None:
        self.api, self.metrics_port = _free_port(), _free_port()
        self.process = subprocess.Popen(
            [
                *self._program("serve"),
                *("--socket", str(engine_socket), "--address", "127.0.0.1"),
                *("--metrics-port", str(self.metrics_port), "--look-interval", str(look_interval)),
            ],
            env=_environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        for port in (self.api, self.metrics_port):
            until(lambda port=port: _listens(port))

    def _program(self, command: str) -> list[str]:
        return [sys.executable, "-m", "engine_proxy", command, "--api-port", str(self.api)]

    def ask(self, target: str, method: str = "GET", body: bytes | None = None) -> http.client.HTTPResponse:
        return ask(self.api, target, method, body)

    def json(self, target: str) -> Any:
        return json.loads(self.ask(target).read())

    def page(self) -> str:
        return ask(self.metrics_port, "/metrics").read().decode()

    def page_in_vain(self) -> None:
        with pytest.raises((OSError, http.client.HTTPException)):
            self.page()

    def metrics(self) -> dict[str, float]:
        lines = [line for line in self.page().splitlines() if not line.startswith("#")]
        return {series: float(value) for series, value in (line.rsplit(" ", 1) for line in lines)}

    def healthcheck(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self._program("healthcheck"), env=_environment(), capture_output=True, text=True)


def ask(port: int, target: str, method: str = "GET", body: bytes | None = None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, target, body)
    return connection.getresponse()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCES), "PYTHONDONTWRITEBYTECODE": "1"}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def until(met: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not met():
        assert time.monotonic() < end, "waited for 20 s"
        time.sleep(0.02)
