"""Local sockets that lead to programs on a host."""

from __future__ import annotations

import socketserver
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path


class _Handler(socketserver.BaseRequestHandler):
    """Gives the accepted socket itself to a new process as its standard input and output."""

    def handle(self) -> None:
        argv: Sequence[str] = self.server.argv  # type: ignore[attr-defined]
        subprocess.run(argv, stdin=self.request, stdout=self.request, stderr=subprocess.DEVNULL)


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False


class _Relay:
    """A server in a thread of its own; each connection runs ``argv`` once."""

    def __init__(self, server: socketserver.BaseServer, argv: Sequence[str]) -> None:
        self._server = server
        self._server.argv = list(argv)  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def close(self) -> None:
        """Accept no more connections; those that are open end with their clients."""
        self._server.shutdown()
        self._server.server_close()


class UnixRelay(_Relay):
    """A Unix socket at ``path``: for what no other user of this machine may reach."""

    def __init__(self, path: Path, argv: Sequence[str]) -> None:
        self.path = path
        super().__init__(_UnixServer(str(path), _Handler), argv)


class TcpRelay(_Relay):
    """A free port of the loopback address."""

    def __init__(self, argv: Sequence[str]) -> None:
        server = _Server(("127.0.0.1", 0), _Handler)
        self.address: tuple[str, int] = ("127.0.0.1", server.server_address[1])
        super().__init__(server, argv)
