"""Mail, against servers as they are met: encrypted, with and without a log-in, wrong ones and silent ones."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from client import Person, new_email
from mailserver import Mailbox, receiving
from postgres import free_port
from program import eventually, serving, working

from socialize import mail
from socialize.settings import load_settings

SECURITIES = ("starttls", "tls")
OFFERS = {"starttls": "tls_context", "tls": "ssl_context"}
ADDRESS = "127.0.0.1"
DAY = timedelta(days=1)
authority = trustme.CA()


def shown(of: trustme.CA = authority, host: str = ADDRESS, ends: timedelta = DAY) -> ssl.SSLContext:
    """The certificate that a server shows; the right one unless told otherwise."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    now = datetime.now(UTC)
    of.issue_cert(host, not_before=now - 2 * DAY, not_after=now + ends).configure_cert(context)
    return context


@pytest.fixture
def account(tmp_path: Path) -> dict[str, str]:
    """The environment of a program that trusts the authority and has an account at the mail server."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "smtp-password").write_text("canary-smtp-password")
    (tmp_path / "invite-key").write_text("canary-invite-key")
    return {
        "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
        "SOCIALIZE_INVITE_KEY_FILE": str(tmp_path / "invite-key"),
        "SOCIALIZE_SMTP_USER": "socialize",
        "SOCIALIZE_SMTP_PASSWORD_FILE": str(tmp_path / "smtp-password"),
    }


Send = Callable[[Mailbox, str], str | None]


@pytest.fixture
def send(env: dict[str, str], account: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Send:
    """Sends a mail to a server with a security; gives the `error_type` of its failure, None for none."""

    async def attempt(mailbox: Mailbox) -> str | None:
        message = EmailMessage()
        message["From"], message["To"] = "socialize@example.com", new_email()
        failure = None
        try:
            await mail.send(load_settings(), message)
        except mail.MailError as error:
            failure = f"{error}{error.error_type}"  # The error has no text of its own.
        # The client takes its leave in the background.
        await asyncio.to_thread(eventually, lambda: not mailbox.connections, "the client has left")
        return failure

    def send(mailbox: Mailbox, security: str) -> str | None:
        for name, value in (env | account | mailbox.env | {"SOCIALIZE_SMTP_SECURITY": security}).items():
            monkeypatch.setenv(name, value)
        return asyncio.run(attempt(mailbox))

    return send


@pytest.fixture
def silent() -> Iterator[Mailbox]:
    """A server that takes connections and never says a word."""
    with socket.create_server((ADDRESS, 0)) as listener:
        yield Mailbox(listener.getsockname()[1])


@pytest.mark.parametrize("security", SECURITIES)
def test_mail_goes_encrypted_after_a_log_in(send: Send, security: str) -> None:
    with receiving(log_in=True, **{OFFERS[security]: shown()}) as mailbox:
        assert send(mailbox, security) is None
        assert (mailbox.encrypted, len(mailbox.logins)) == ([True], 1)


@pytest.mark.parametrize("security", SECURITIES)
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"of": trustme.CA()}, id="of an unknown authority"),
        pytest.param({"host": "mail.example.com"}, id="of another host"),
        pytest.param({"ends": -DAY}, id="expired"),
    ],
)
def test_a_wrong_certificate_gets_neither_password_nor_mail(
    send: Send, security: str, wrong: dict[str, Any]
) -> None:
    with receiving(log_in=True, **{OFFERS[security]: shown(**wrong)}) as mailbox:
        assert send(mailbox, security) == "tls"
        assert (mailbox.mails, mailbox.logins) == ([], [])


@pytest.mark.parametrize("security", SECURITIES)
def test_a_server_without_encryption_gets_neither_password_nor_mail(send: Send, security: str) -> None:
    with receiving() as mailbox:
        assert send(mailbox, security) == "tls"
        assert (mailbox.mails, mailbox.logins) == ([], [])


@pytest.mark.parametrize("security", SECURITIES)
def test_a_wrong_password_is_told_apart(send: Send, security: str) -> None:
    with receiving(log_in=True, **{OFFERS[security]: shown()}) as mailbox:
        mailbox.password = b"another"
        assert send(mailbox, security) == "authentication"
        assert (mailbox.mails, len(mailbox.logins) > 0) == ([], True)


def test_a_server_that_knows_no_log_in_is_told_apart(send: Send) -> None:
    with receiving() as mailbox:
        assert send(mailbox, "none") == "authentication"
        assert mailbox.mails == []


@pytest.mark.parametrize("security", [*SECURITIES, "none"])
def test_a_silent_server_is_given_up(
    send: Send, silent: Mailbox, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIALIZE_WORKER_JOB_SECONDS", "0.6")
    started = time.monotonic()
    assert send(silent, security) == "timeout"
    assert time.monotonic() - started < mail.TIMEOUT_SECONDS / 2  # Before the job is given up.


@pytest.mark.parametrize("security", [*SECURITIES, "none"])
def test_no_server_at_all_is_told_apart(send: Send, security: str) -> None:
    assert send(Mailbox(free_port()), security) == "connection"


def test_the_worker_uses_its_account_and_tells_of_a_wrong_one(
    directory: Path, env: dict[str, str], account: dict[str, str]
) -> None:
    with receiving(log_in=True, tls_context=shown()) as mailbox:
        settings = env | account | mailbox.env | {"SOCIALIZE_SMTP_SECURITY": "starttls"}
        with serving(directory, settings) as server, working(directory, settings) as worker:
            person = Person(server)
            workspace = person.workspace(person.organization())
            mailbox.password = b"another"
            person.created(f"/api/workspaces/{workspace}/invites", email=new_email())
            why = {"dependency": "smtp", "error_type": "authentication"}
            worker.line("it is told", message="job failed", job="send_invite", **why)
            mailbox.password = b"canary-smtp-password"
            eventually(lambda: mailbox.encrypted == [True], "the mail arrives")
            assert "canary" not in worker.output()
