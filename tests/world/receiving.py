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
class Inbox:
    """What came, in its order."""

    webhook: str = ""
    """URL of the webhook."""
    smarthost: str = ""
    """The mail server, as ``address:port``."""
    posts: list[dict[str, Any]] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)

    def told(self) -> set[tuple[str, str]]:
        """(firing or resolved, alert's name) of every alert that the webhook was told of."""
        return {(alert["status"], alert["labels"]["alertname"]) for post in self.posts for alert in post["alerts"]}

    def subjects(self) -> set[str]:
        """Of all mails."""
        return {str(mail["Subject"]) for mail in self.mails}

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


@contextmanager
def receiving(address: str) -> Iterator[Inbox]:
    """Both receivers at an address of this machine.

    :param address: one that the sender reaches.
    """
    inbox = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            inbox.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: what counts is what was received."""

    port = _free_port(address)
    mail_server = Controller(inbox, hostname=address, port=port)
    with ThreadingHTTPServer((address, 0), Handler) as server:
        inbox.webhook = f"http://{address}:{server.server_port}/alerts"
        inbox.smarthost = f"{address}:{port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        mail_server.start()
        try:
            yield inbox
        finally:
            mail_server.stop()
            server.shutdown()
            thread.join()


def _free_port(address: str) -> int:
    with socket.create_server((address, 0)) as probe:
        return int(probe.getsockname()[1])
