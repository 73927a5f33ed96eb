"""What the scripts for Grafana's accounts send, and that no password shows while they do. The other end is no Grafana:
it writes down what comes, and answers what it was told to."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from preprod.facts import shell
from preprod.facts.grafana import GrafanaPeople, Person

ADDRESS = ("127.83.7.1", 3000)
"""The port is Grafana's; the address is one of the loopback network that nothing else uses."""

ADMIN, FIRST = "admin-canary-1f2e", 'first-canary "quoted\\"\tand é'
DOCKER = f'#!/bin/sh\ncase $1 in ps) echo id ;; inspect) printf "\\n{ADDRESS[0]}\\n\\n" ;; esac\n'


@dataclass
class Wire:
    directory: Path
    answers: list[tuple[int, Any]] = field(default_factory=list)
    came: list[tuple[str, str, str, Any]] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    """Secrets that stood in some process's command line or environment while a request was under way."""

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        text = f"{shell._PLACES}\nSECRETS={self.directory}\n{shell.text(name)}"
        path = f"{self.directory}:/usr/bin:/bin"
        command = ["sh", "-euc", text, "preprod", *arguments]
        return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True)


def visible() -> str:
    found = []
    for kind in ("cmdline", "environ"):
        for path in Path("/proc").glob(f"[0-9]*/{kind}"):
            try:
                found.append(path.read_text(errors="replace"))
            except OSError:  # it has ended, or is another's
                continue
    return "\n".join(found)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    wire = Wire(tmp_path)
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "grafana").mkdir()
    (tmp_path / "grafana/grafana_admin_password").write_text(ADMIN)
    (tmp_path / "grafana/grafana_user_ada").write_text(FIRST)

    class Recorder(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            scheme, _, login = self.headers["Authorization"].partition(" ")
            assert scheme == "Basic"
            sent = json.loads(body) if body else None
            wire.came.append((self.command, self.path, base64.b64decode(login).decode(), sent))
            wire.shown |= {secret for secret in (ADMIN, login, "first-canary") if secret in visible()}
            status, answer = wire.answers.pop(0)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_GET = do_POST = do_PATCH = handle_any

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(ADDRESS, Recorder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield wire
        server.shutdown()
    assert not wire.shown


def test_a_new_account_is_made_with_its_first_password_and_then_given_its_role(wire: Wire) -> None:
    wire.answers += [(200, {"id": 5, "message": "User created"}), (200, {"message": "Organization user updated"})]
    done = wire.run("grafana-person", "socialize", "ada", "Editor")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    account = {"name": "ada", "login": "ada", "password": FIRST, "OrgId": 1}
    assert wire.came == [
        ("POST", "/api/admin/users", f"admin:{ADMIN}", account),
        ("PATCH", "/api/org/users/5", f"admin:{ADMIN}", {"role": "Editor"}),
    ]


def test_of_an_account_that_is_there_the_role_alone_is_sent(wire: Wire) -> None:
    wire.answers += [(200, {"message": "Organization user updated"})]
    assert wire.run("grafana-person", "socialize", "ada", "Viewer", "7").returncode == 0
    assert wire.came == [("PATCH", "/api/org/users/7", f"admin:{ADMIN}", {"role": "Viewer"})]


def test_a_refusal_is_told_with_grafanas_own_words_and_ends_it(wire: Wire) -> None:
    wire.answers += [(412, {"message": "User with login 'ada' already exists"})]
    done = wire.run("grafana-person", "socialize", "ada", "Viewer")
    assert done.returncode == 1
    assert done.stderr == (
        'Grafana answers POST /api/admin/users with 412: {"message": "User with login \'ada\' already exists"}\n'
    )
    assert len(wire.came) == 1


def test_people_are_read(wire: Wire) -> None:
    wire.answers += [(200, [{"orgId": 1, "userId": 2, "login": "ada", "role": "Editor"}])]
    found = GrafanaPeople().process(wire.run("grafana-people", "socialize").stdout.splitlines())
    assert (found.status, found.members) == (200, {"ada": Person(2, "Editor")})
    assert wire.came == [("GET", "/api/org/users", f"admin:{ADMIN}", None)]


def test_no_answer_is_told_as_such(tmp_path: Path) -> None:
    alone = Wire(tmp_path)
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "grafana").mkdir()
    (tmp_path / "grafana/grafana_admin_password").write_text(ADMIN)
    assert GrafanaPeople().process(alone.run("grafana-people", "socialize").stdout.splitlines()).status == 0
    for script in (("grafana-person", "socialize", "ada", "Viewer", "7"), ("grafana-answers", "socialize")):
        done = alone.run(*script)
        assert done.returncode == 1
        assert done.stderr.startswith("Grafana does not answer: ")


def test_one_that_is_not_there_does_not_answer(tmp_path: Path) -> None:
    alone = Wire(tmp_path)
    (tmp_path / "docker").write_text("#!/bin/sh\n")
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "grafana").mkdir()
    (tmp_path / "grafana/grafana_admin_password").write_text(ADMIN)
    done = alone.run("grafana-answers", "socialize")
    assert done.returncode == 1
    assert done.stderr.startswith("Grafana does not answer: ")


def test_one_that_is_broken_says_so_and_one_that_is_well_nothing(wire: Wire) -> None:
    wire.answers += [(503, {"message": "database is locked"}), (200, [])]
    broken, well = wire.run("grafana-answers", "socialize"), wire.run("grafana-answers", "socialize")
    assert broken.returncode == 1
    assert broken.stderr == 'Grafana answers GET /api/org/users with 503: {"message": "database is locked"}\n'
    assert (well.returncode, well.stdout, well.stderr) == (0, "", "")
