"""Receivers of notifications on this machine: a webhook and a mail server that keep what they are sent."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Mailbox:
    """Mails, in the order in which they came."""

    mails: list[EmailMessage] = field(default_factory=list)

    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]

    def text(self, subject: str) -> str:
        """The first mail with this subject, as it is read."""
        mail = next(mail for mail in self.mails if mail["Subject"] == subject)
        (part,) = mail.iter_parts()
        assert isinstance(part, EmailMessage)
        return str(part.get_content())

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@dataclass
class Webhook:
    """What a URL was sent, in its order."""

    url: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)

    def told(self) -> set[tuple[str, str]]:
        """(firing or resolved, alert's name) of every alert."""
        return {(alert["status"], alert["labels"]["alertname"]) for post in self.posts for alert in post["alerts"]}


@contextmanager
def mail_server(address: str, port: int) -> Iterator[Mailbox]:
    """A mail server without TLS at an address of this machine."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname=address, port=port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


@contextmanager
def webhook(address: str) -> Iterator[Webhook]:
    """A URL at an address of this machine that takes JSON."""
    there = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            there.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: what counts is what was received."""

    with ThreadingHTTPServer((address, 0), Handler) as server:
        there.url = f"http://{address}:{server.server_port}/alerts"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield there
        finally:
            server.shutdown()
            thread.join()


def free_port(address: str) -> int:
    """A port at which nobody listens."""
    with socket.create_server((address, 0)) as probe:
        return int(probe.getsockname()[1])


def facing(other: str) -> str:
    """This machine's address on the way to another one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((other, 9))
        return str(probe.getsockname()[0])
