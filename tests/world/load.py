"""A constant load on a deployed world: every request is recorded, so that one that is lost cannot hide."""

from __future__ import annotations

import contextlib
import secrets
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import requests
from harness import World, wait_for
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

CLIENTS = 6
PAUSE = 0.02
"""Seconds that a client waits between its requests: a few hundred requests a second in all."""


@dataclass(frozen=True)
class Request:
    """One request: when it began (monotonic seconds), how long it took, and what came of it."""

    began: float
    seconds: float
    outcome: str

    @property
    def failed(self) -> bool:
        return self.outcome not in ("200", "201")


@dataclass
class Load:
    """Clients that read and write through Caddy until they are stopped."""

    address: str
    requests: list[Request] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def failed(self) -> list[Request]:
        return [request for request in self.requests if request.failed]

    @property
    def summary(self) -> str:
        seconds = sorted(request.seconds for request in self.requests)
        p99 = statistics.quantiles(seconds, n=100)[98]
        return (
            f"{len(seconds)} requests, {len(self.failed)} failed, p99 {p99 * 1000:.0f} ms, slowest {seconds[-1]:.2f} s"
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[Load]:
        """Clients at work; at the end each finishes the request that it has begun."""
        token = log_in(self.address)
        clients = [threading.Thread(target=self._client, args=(token, number)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        wait_for(lambda: len(self.requests) > 100, 30, "the load to begin")
        try:
            yield self
            after = len(self.requests) + 100
            wait_for(lambda: len(self.requests) > after, 30, "the load to go on after the last switch")
        finally:
            self._stopped.set()
            for client in clients:
                client.join()

    def _client(self, token: str, number: int) -> None:
        """Reads, and every third time writes, as RFC 9112 (9.3.1, 9.5) has it: a connection that was idle may be closed
        at any moment, so a read on one is sent again, once; a write must not be, and gets a connection of its own."""
        retry = HTTPAdapter(max_retries=Retry(total=1, connect=0, read=1, backoff_factor=0, allowed_methods=["GET"]))
        with requests.Session() as session:
            session.mount("http://", retry)
            session.headers["Authorization"] = f"Bearer {token}"
            turn = number
            while not self._stopped.wait(PAUSE):
                turn += 1
                self.requests.append(self._one(session, writes=turn % 3 == 0))

    def _one(self, session: requests.Session, writes: bool) -> Request:
        began = time.monotonic()
        try:
            if writes:
                headers = {**session.headers, "Connection": "close"}
                answer = requests.post(
                    f"{self.address}/api/organizations", json={"name": "Load"}, headers=headers, timeout=30
                )
            else:
                answer = session.get(f"{self.address}/api/me", timeout=30)
            outcome = str(answer.status_code)
        except requests.RequestException as error:
            outcome = type(error).__name__
        return Request(began, time.monotonic() - began, outcome)


def log_in(address: str) -> str:
    """The token of a new user."""
    about = {"email": f"load-{secrets.token_hex(6)}@example.com", "password": secrets.token_hex(16)}
    registered = requests.post(f"{address}/api/auth/register", json={**about, "display_name": "Load"}, timeout=30)
    registered.raise_for_status()
    answer = requests.post(f"{address}/api/auth/login", json=about, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["token"])


@contextlib.contextmanager
def reached(world: World, port: int, path: str = "/health/live") -> Iterator[str]:
    """URL by which this machine reaches a loopback port of a world: an SSH tunnel of its own. ``path`` is answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        local = free.getsockname()[1]
    forward = ["-N", "-S", "none", "-L", f"127.0.0.1:{local}:127.0.0.1:{port}"]
    with subprocess.Popen(["ssh", "-F", str(world.ssh_config), *forward, world.name]) as tunnel:
        url = f"http://127.0.0.1:{local}"
        try:
            wait_for(lambda: _answers(url + path), 20, "the tunnel to stand")
            yield url
        finally:
            tunnel.terminate()


def _answers(url: str) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(url, timeout=5).ok
    return False
