"""A mail server on this machine that keeps what it is given, and fails as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from postgres import free_port


class Mailbox:
    """What was delivered. While `answer` is set, every mail gets it instead of being taken."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[EmailMessage] = []
        self.answer: str | None = None
        self.refused = 0
        self.arrived = threading.Event()
        self.released = threading.Event()
        """Cleared, it holds every delivery up: the mail has been taken, and the client is not told."""
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

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer:
            self.refused += 1
            return self.answer
        self.arrived.set()
        if not self.released.is_set():
            await server.loop.run_in_executor(None, self.released.wait)
            return "451 held up"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]


@contextmanager
def receiving() -> Iterator[Mailbox]:
    """A mailbox whose server runs."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    try:
        yield mailbox
    finally:
        mailbox.released.set()
        controller.stop()
