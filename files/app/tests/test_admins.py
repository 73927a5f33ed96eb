"""Who administers the deployment, how they log in, and that nobody else gets in."""

import json
import subprocess
import sys
from pathlib import Path

import program
import pytest
from administrator import COOKIE, PAGE, browser, log_in, promoted
from client import PASSWORD, Person, new_email
from program import Server, serving

DOCUMENT = "/api/admin/ops"


@pytest.fixture(scope="module")
def admin(server: Server) -> Person:
    return promoted(Person(server))


@pytest.mark.parametrize("path", [PAGE, DOCUMENT])
def test_without_a_session_it_is_401(server: Server, path: str) -> None:
    answer = server.client().get(path)
    assert answer.status_code == 401
    assert "connected" not in answer.text


def test_others_than_administrators_are_refused(person: Person) -> None:
    person.organization()  # Owners of organizations are nothing to the deployment.
    answer = person.http.get(DOCUMENT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    refused = log_in(person.server, person.email)
    assert refused.status_code == 403
    assert "Set-Cookie" not in refused.headers


def test_the_role_counts_from_the_next_request_on(person: Person) -> None:
    admin = promoted(person)
    pages = browser(admin)
    assert pages.get(PAGE).status_code == admin.http.get(DOCUMENT).status_code == 200
    assert admin.http.get("/api/me").json()["role"] == "admin"
    assert program.run("admin", "revoke", admin.email, env=admin.server.env).returncode == 0
    assert pages.get(PAGE).status_code == admin.http.get(DOCUMENT).status_code == 403


def test_the_cookie_is_for_these_pages_alone(admin: Person) -> None:
    answer = log_in(admin.server, admin.email)
    name, _, attributes = answer.headers["Set-Cookie"].partition("=")
    token, _, attributes = attributes.partition("; ")
    assert set(attributes.split("; ")) == {"HttpOnly", "Path=/admin", "SameSite=lax"}
    cookie = {"Cookie": f"{name}={token}"}
    assert admin.server.client().get(PAGE, headers=cookie).status_code == 200
    for path in (DOCUMENT, "/api/me"):
        assert admin.server.client().get(path, headers=cookie).status_code == 401
    assert admin.server.client().get(PAGE, headers={"Cookie": f"{name}=canary"}).status_code == 401


def test_over_tls_the_cookie_stays_there(directory: Path, env: dict[str, str]) -> None:
    with serving(directory, env | {"SOCIALIZE_PUBLIC_URL": "https://app.example.com"}) as server:
        admin = promoted(Person(server))
        assert "Secure" in log_in(server, admin.email).headers["Set-Cookie"].split("; ")


def test_after_the_log_out_the_session_is_dead(admin: Person) -> None:
    pages = browser(admin)
    gone = pages.post("/admin/log-out")
    assert (gone.status_code, gone.headers["Set-Cookie"].split(";")[0]) == (303, f'{COOKIE}=""')
    assert pages.get(PAGE).status_code == 401


def test_wrong_credentials_and_wrong_forms_get_the_form_again(admin: Person) -> None:
    wrong = log_in(admin.server, admin.email, "wrong-password-1")
    assert wrong.status_code == 401
    assert "The e-mail address or the password is wrong." in wrong.text
    for body in (b"", b"email=canary", b"\xff=\xff", b"email=%00&password=x", b"a=" * 20):
        answer = admin.server.client().post("/admin/log-in", content=body)
        assert answer.status_code == 422
        assert "canary" not in answer.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_forms_of_other_sites_do_nothing(admin: Person, site: str) -> None:
    answer = log_in(admin.server, admin.email, **{"Sec-Fetch-Site": site})
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)
    pages = browser(admin)
    answer = pages.post("/admin/log-out", headers={"Sec-Fetch-Site": site})
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (303, False)
    assert pages.get(PAGE).status_code == 200


def test_its_own_form_logs_in(admin: Person) -> None:
    assert log_in(admin.server, admin.email, **{"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_the_policy_allows_nothing_but_its_own_style(admin: Person) -> None:
    for answer in (browser(admin).get(PAGE), admin.server.client().get(PAGE)):
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "script" not in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"


def test_it_loads_itself_anew_only_when_told_to(admin: Person) -> None:
    pages = browser(admin)
    assert "http-equiv" not in pages.get(PAGE).text
    assert '<meta http-equiv="refresh" content="30">' in pages.get(f"{PAGE}?live=true").text


def test_no_request_gives_the_role(server: Server) -> None:
    body = {"email": new_email(), "password": PASSWORD, "display_name": "x", "role": "admin"}
    assert server.http.post("/api/auth/register", json=body).status_code == 422


def test_the_command_says_who_and_what_is_wrong(person: Person) -> None:
    admin = promoted(person)
    env = admin.server.env
    assert admin.email in program.run("admin", "list", env=env).stdout.splitlines()
    unknown = program.run("admin", "grant", new_email(), env=env)
    assert (unknown.returncode, unknown.stderr) == (
        1,
        "socialize: nothing was changed: nobody has registered with this e-mail address\n",
    )
    for arguments in (("grant",), ("list", admin.email)):
        assert program.run("admin", *arguments, env=env).returncode == 2
    done = program.run("admin", "revoke", admin.email, env=env)
    assert '"action": "role.revoked"' in done.stdout
    assert admin.email not in done.stdout
    assert admin.email not in program.run("admin", "list", env=env).stdout


BESIDE = """
import pathlib, sys
from socialize import cli, logs
logs.PROCESSES = pathlib.Path(sys.argv.pop())
cli.main()
"""
"""The command, as it runs beside those processes."""


@pytest.fixture
def processes(tmp_path: Path) -> Path:
    """A container's first process, which is this program, and the one that is started beside it."""
    for process in ("1", "self"):
        (tmp_path / process / "fd").mkdir(parents=True)
        (tmp_path / process / "cmdline").write_bytes(f"python3\0socialize\0{process}\0".encode())
    (tmp_path / "1/fd/1").write_text("its own line\n")
    return tmp_path


def granted_beside(person: Person, processes: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", BESIDE, "admin", "grant", person.email, str(processes)]
    done = subprocess.run(
        command, env=person.server.env, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def test_in_a_container_the_audit_line_is_in_its_log(person: Person, processes: Path) -> None:
    done = granted_beside(person, processes)
    before, kept = (processes / "1/fd/1").read_text().splitlines()
    assert (before, kept) == ("its own line", done.stdout.strip())
    assert (json.loads(kept)["action"], json.loads(kept)["service"]) == ("role.granted", "socialize-api")


def test_it_is_told_when_the_log_of_the_container_cannot_be_written(person: Person, processes: Path) -> None:
    (processes / "1/fd/1").unlink()
    assert '"action": "role.granted"' in (told := granted_beside(person, processes).stdout)
    assert "audit lines are on this output alone" in told


def test_nothing_is_written_to_the_output_of_another_program(person: Person, processes: Path) -> None:
    (processes / "1/cmdline").write_bytes(b"/sbin/init\0")
    granted_beside(person, processes)
    assert (processes / "1/fd/1").read_text() == "its own line\n"
