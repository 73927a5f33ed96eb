"""Invites: from the request, through the queue, into a mailbox, and back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest
from client import Person, new_email
from mailserver import Mailbox, receiving
from postgres import Postgres
from program import Server, Worker, eventually, serving, working

KEY = "canary-invite-key"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with receiving() as mailbox:
        yield mailbox


@pytest.fixture
def mail_env(env: dict[str, str], mailbox: Mailbox, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "invite-key").write_text(KEY)
    settings = {
        "SOCIALIZE_INVITE_KEY_FILE": str(tmp_path / "invite-key"),
        "SOCIALIZE_WORKER_JOB_SECONDS": "2",
        "SOCIALIZE_WORKER_MAX_ATTEMPTS": "3",
        "SOCIALIZE_INVITE_LIMIT_PER_HOUR": "4",
    }
    return env | mailbox.env | settings


@dataclass
class Office:
    """An organization with a workspace, on a server that can send mail."""

    server: Server
    owner: Person
    organization: str
    workspace: str

    @property
    def invites(self) -> str:
        return f"/api/workspaces/{self.workspace}/invites"


@pytest.fixture
def office(directory: Path, mail_env: dict[str, str]) -> Iterator[Office]:
    with serving(directory, mail_env) as server:
        owner = Person(server)
        organization = owner.organization()
        yield Office(server, owner, organization, owner.workspace(organization))


def delivered(mailbox: Mailbox, address: str) -> EmailMessage:
    return eventually(lambda: mailbox.to(address), "the mail arrives")[0]


def token_in(mail: EmailMessage) -> str:
    found = re.search(r"https://socialize.example.com/invites/accept#token=(\S+)", mail.get_content())
    assert found
    return found[1]


def test_an_invited_person_gets_in(
    office: Office, mailbox: Mailbox, directory: Path, mail_env: dict[str, str]
) -> None:
    address = new_email()
    invite = office.owner.created(office.invites, email=address.upper(), role="admin")
    assert (invite["email"], invite["role"], invite["sent_at"]) == (address, "admin", None)
    assert "token" not in invite
    with working(directory, mail_env) as worker:
        mail = delivered(mailbox, address)
        worker.line("the job is done", message="job done", job="send_invite", attempt=1)
    assert mail["From"] == "socialize@example.com"

    guest = Person(office.server, address)
    workspace = guest.http.post("/api/invites/accept", json={"token": token_in(mail)})
    assert (workspace.status_code, workspace.json()["id"]) == (200, office.workspace)
    assert [o["id"] for o in guest.items("/api/organizations")] == [office.organization]
    guest.created(office.invites, email=new_email())  # As an admin.
    again = guest.http.post("/api/invites/accept", json={"token": token_in(mail)})
    assert again.status_code == 404


def test_a_token_is_good_for_nobody_else_and_a_wrong_one_for_nobody(
    office: Office, mailbox: Mailbox, directory: Path, mail_env: dict[str, str]
) -> None:
    address = new_email()
    office.owner.created(office.invites, email=address)
    with working(directory, mail_env):
        token = token_in(delivered(mailbox, address))
    thief, guest = Person(office.server), Person(office.server, address)
    assert thief.http.post("/api/invites/accept", json={"token": token}).status_code == 404
    for wrong in (token[:-1], "", "\ud800", "x" * 256):
        body = f'{{"token": "{wrong}"}}' if wrong.isascii() else '{"token": "\\ud800"}'
        answer = guest.http.post(
            "/api/invites/accept", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 404, wrong
    assert guest.http.post("/api/invites/accept", json={"token": token}).status_code == 200


def test_an_invite_ends(
    office: Office, mailbox: Mailbox, directory: Path, mail_env: dict[str, str], postgres: Postgres
) -> None:
    address = new_email()
    office.owner.created(office.invites, email=address)
    with working(directory, mail_env):
        token = token_in(delivered(mailbox, address))
    guest = Person(office.server, address)
    with postgres.connect(mail_env["SOCIALIZE_DB_NAME"]) as database:
        database.execute("UPDATE invites SET expires_at = now()")
    assert guest.http.post("/api/invites/accept", json={"token": token}).status_code == 404
    office.owner.created(office.invites, email=address)  # Does not stand in the way of a new one.


def test_members_may_not_invite_and_nobody_twice(office: Office, postgres: Postgres) -> None:
    address = new_email()
    office.owner.created(office.invites, email=address)
    assert office.owner.http.post(office.invites, json={"email": address}).status_code == 409
    database = office.server.env["SOCIALIZE_DB_NAME"]
    with postgres.connect(database) as connection:
        connection.execute("UPDATE memberships SET role = 'member'")
    answer = office.owner.http.post(office.invites, json={"email": new_email()})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


def test_inviting_is_limited(office: Office) -> None:
    statuses = [
        office.owner.http.post(office.invites, json={"email": new_email()}).status_code for _ in range(5)
    ]
    assert statuses == [201] * 4 + [429]


def test_without_mail_invites_are_503_with_a_code_of_their_own(person: Person) -> None:
    workspace = person.workspace(person.organization())
    answer = person.http.post(f"/api/workspaces/{workspace}/invites", json={"email": new_email()})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "mail_not_configured")


def test_the_database_and_the_logs_let_nobody_in(
    office: Office, mailbox: Mailbox, directory: Path, mail_env: dict[str, str], postgres: Postgres
) -> None:
    address = new_email()
    office.owner.created(office.invites, email=address)
    with postgres.connect(mail_env["SOCIALIZE_DB_NAME"]) as database:
        rows = str(database.execute("SELECT i::text FROM invites i").fetchall())
        rows += str(database.execute("SELECT j::text FROM jobs j").fetchall())
    with working(directory, mail_env) as worker:
        mail = delivered(mailbox, address)
        worker.line("the job is done", message="job done", job="send_invite")
        output = worker.output() + office.server.output()
    for secret in (token_in(mail), KEY):
        assert secret not in rows
        assert secret not in output
    assert address not in output


def queued(postgres: Postgres, env: dict[str, str]) -> list[tuple[int, bool]]:
    with postgres.connect(env["SOCIALIZE_DB_NAME"]) as database:
        query = "SELECT attempts, died_at IS NOT NULL FROM jobs WHERE kind = 'send_invite'"
        return database.execute(query).fetchall()


def test_a_refused_mail_is_tried_again_until_it_goes(
    office: Office, mailbox: Mailbox, directory: Path, mail_env: dict[str, str], postgres: Postgres
) -> None:
    mailbox.answer = "451 later"
    address = new_email()
    office.owner.created(office.invites, email=address)
    with working(directory, mail_env) as worker:
        line = worker.line("the job failed", message="job failed", attempt=1)
        mailbox.answer = None
        delivered(mailbox, address)
        eventually(lambda: queued(postgres, mail_env) == [], "the job is gone")
    assert line["exception_type"] == "socialize.mail.MailError"
    assert address not in worker.output()
    assert len(mailbox.to(address)) == 1


def test_a_mail_that_never_goes_becomes_a_dead_letter(
    office: Office, mailbox: Mailbox, directory: Path, mail_env: dict[str, str], postgres: Postgres
) -> None:
    mailbox.answer = "550 never"
    office.owner.created(office.invites, email=new_email())
    with working(directory, mail_env) as worker:
        worker.line("it is given up", message="job is a dead letter", level="error", attempt=3)
    assert queued(postgres, mail_env) == [(3, True)]
    assert mailbox.refused == 3


def test_a_killed_worker_loses_no_job(
    office: Office, mailbox: Mailbox, directory: Path, mail_env: dict[str, str], postgres: Postgres
) -> None:
    mailbox.released.clear()
    mailbox.answer = "451 nobody is there any more"
    address = new_email()
    office.owner.created(office.invites, email=address)
    with working(directory, mail_env):
        assert mailbox.arrived.wait(20)
    assert queued(postgres, mail_env) == [(1, False)]  # Killed in the middle; the job is still there.
    mailbox.answer = None
    mailbox.released.set()
    with working(directory, mail_env) as successor:
        delivered(mailbox, address)
        successor.line("the job is done", message="job done", job="send_invite", attempt=2)
    assert len(mailbox.to(address)) == 1


def test_a_mail_is_not_sent_again_when_its_job_runs_again(
    office: Office, mailbox: Mailbox, directory: Path, mail_env: dict[str, str], postgres: Postgres
) -> None:
    address = new_email()
    invite = office.owner.created(office.invites, email=address)
    with working(directory, mail_env) as worker:
        delivered(mailbox, address)
        eventually(lambda: queued(postgres, mail_env) == [], "the job is gone")
        with postgres.connect(mail_env["SOCIALIZE_DB_NAME"]) as database:
            database.execute(
                "INSERT INTO jobs (id, kind, payload) VALUES (gen_random_uuid(), 'send_invite', %s)",
                [f'{{"invite_id": "{invite["id"]}"}}'],
            )
        eventually(lambda: queued(postgres, mail_env) == [], "the second job is done")
        assert worker.process.poll() is None
    assert [mail["Message-ID"] for mail in mailbox.to(address)] == [f"<{invite['id']}@example.com>"]


def test_sigterm_lets_a_job_finish_and_takes_no_other(
    office: Office, mailbox: Mailbox, directory: Path, mail_env: dict[str, str], postgres: Postgres
) -> None:
    long = mail_env | {"SOCIALIZE_WORKER_JOB_SECONDS": "20", "SOCIALIZE_WORKER_CONCURRENCY": "1"}
    mailbox.released.clear()
    address = new_email()
    office.owner.created(office.invites, email=address)
    with working(directory, long) as worker:
        assert mailbox.arrived.wait(20)
        office.owner.created(office.invites, email=new_email())
        worker.terminate()
        worker.line("it stops", message="draining")
        assert worker.process.poll() is None
        mailbox.released.set()
        assert worker.exit_status() == 0
    assert [mail["To"] for mail in mailbox.mails] == [address]
    assert [line["attempt"] for line in worker.lines() if line.get("job") == "send_invite"] == [1]
    assert queued(postgres, mail_env) == [(0, False)]  # The other one is untouched.


def test_two_workers_never_do_the_same_job(
    office: Office, mailbox: Mailbox, directory: Path, mail_env: dict[str, str], postgres: Postgres
) -> None:
    addresses = [new_email() for _ in range(4)]
    for address in addresses:
        office.owner.created(office.invites, email=address)
    with working(directory, mail_env) as first, working(directory, mail_env) as second:
        eventually(lambda: queued(postgres, mail_env) == [], "all are done")
        both: tuple[Worker, Worker] = (first, second)
        done = [line["job_id"] for w in both for line in w.lines() if line.get("job") == "send_invite"]
    assert sorted(mail["To"] for mail in mailbox.mails) == sorted(addresses)
    assert len(done) == len(set(done))
