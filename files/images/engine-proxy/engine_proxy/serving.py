"""A small HTTP server: a fixed number of threads, one request a connection, nothing written about requests."""

from __future__ import annotations

import json
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from threading import Thread
from typing import Any

from engine_proxy.logs import log

DRAINED = 65536
"""Bytes of a refused request's body that are read: with bytes unread the peer may lose the answer."""


class Server(TCPServer):
    """Listens at an address; further connections wait in the kernel's queue, whose length is bounded too."""

    allow_reuse_address = True
    request_queue_size = 64

    def start(self, threads: int) -> None:
        """Serve until the program ends."""
        for number in range(threads):
            Thread(target=self._serve, name=f"port {self.server_address[1]} {number}", daemon=True).start()

    def _serve(self) -> None:
        while True:
            self.handle_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            log.exception("a request failed")


class Handler(BaseHTTPRequestHandler):
    """Answers JSON to everything that goes wrong, as the engine does."""

    timeout = 10
    """Seconds without a byte from the client."""
    refusal = "only GET and HEAD"

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def say(self, status: int, sentence: str) -> None:
        self.answer(status, json.dumps({"message": sentence}).encode(), {"Content-Type": "application/json"})

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Called by the parent for requests that it cannot read (4xx), or whose method is not ours (501)."""
        self.close_connection = True
        if code == HTTPStatus.NOT_IMPLEMENTED:
            self._drain()
            self.refused()
        else:
            self.say(code, message or HTTPStatus(code).phrase)

    def refused(self) -> None:
        self.say(HTTPStatus.FORBIDDEN, self.refusal)

    def _drain(self) -> None:
        length = self.headers.get("Content-Length", "")
        if length.isdecimal():
            self.rfile.read(min(int(length), DRAINED))

    def version_string(self) -> str:
        return "engine-proxy"

    def log_message(self, format: str, *args: Any) -> None:
        """Paths hold ids and filters: nothing is written about requests."""
