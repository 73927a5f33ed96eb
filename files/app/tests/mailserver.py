"""A mail server on this machine that keeps what it is given, and fails as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from postgres import free_port


class Mailbox:
    """What was delivered. A mail that comes while `answer` is set gets it instead of being taken."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.logins: list[LoginPassword] = []
        """What clients have said to be; `password` is the right one."""
        self.password = b"canary-smtp-password"
        self.encrypted: list[bool] = []
        """Of every mail, whether it came over TLS."""
        self.connections: set[int] = set()
        """Clients that are there."""
        self.mails: list[EmailMessage] = []
        self.answer: str | None = None
        self.refused = 0
        self.arrived = threading.Event()
        self.released = threading.Event()
        """Cleared, it holds every delivery up: the mail has come, and the client is told nothing."""
        self.released.set()

    @property
    def env(self) -> dict[str, str]:
        return {
            "SOCIALIZE_SMTP_HOST": "127.0.0.1",
            "SOCIALIZE_SMTP_PORT": str(self.port),
            "SOCIALIZE_SMTP_SECURITY": "none",
            "SOCIALIZE_MAIL_FROM": "socialize@example.com",
            "SOCIALIZE_PUBLIC_URL": "https://socialize.example.com",
        }

    def knows(self, _: Any, __: Any, ___: Any, ____: str, login: LoginPassword) -> AuthResult:
        self.logins.append(login)
        return AuthResult(success=login.password == self.password, handled=False)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.answer
        self.arrived.set()
        await server.loop.run_in_executor(None, self.released.wait)
        if answer:
            self.refused += 1
            return answer
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.encrypted.append(server.transport.get_extra_info("cipher") is not None)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]


class Session(SMTP):
    """A connection, which the mailbox knows of."""

    def connection_made(self, transport: Any) -> None:
        self.event_handler.connections.add(id(self))
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.event_handler.connections.discard(id(self))


class Server(Controller):
    def factory(self) -> Session:
        return Session(self.handler, **self.SMTP_kwargs)


@contextmanager
def receiving(*, log_in: bool = False, **options: Any) -> Iterator[Mailbox]:
    """A mailbox whose server runs.

    Args:
        log_in: whether clients may log in; with STARTTLS, whether they must.
        options: of aiosmtpd's controller and server; `tls_context` offers STARTTLS and insists on it,
            `ssl_context` speaks TLS from the first byte.
    """
    mailbox = Mailbox(free_port())
    if log_in:
        # Unless told otherwise, the server wants STARTTLS for a log-in even where all is encrypted already.
        upgraded = "ssl_context" not in options
        options |= {"authenticator": mailbox.knows, "auth_required": upgraded, "auth_require_tls": upgraded}
    if "tls_context" in options:
        options["require_starttls"] = True
    controller = Server(mailbox, hostname="127.0.0.1", port=mailbox.port, **options)
    controller.start()
    try:
        yield mailbox
    finally:
        mailbox.released.set()
        controller.stop()
