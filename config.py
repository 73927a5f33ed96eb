"""Read by pyinfra before the inventory."""

import socket
from typing import Any

import paramiko
from pyinfra import config

config.REQUIRE_PYINFRA_VERSION = "~=3.10"


def _without_delay(self: paramiko.Transport, sock: Any, *args: Any, **kwargs: Any) -> None:
    _connect(self, sock, *args, **kwargs)
    if isinstance(self.sock, socket.socket):
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


# Paramiko leaves Nagle's algorithm on, which costs each remote command about 40 ms (measured: 56 ms -> 14 ms).
_connect = paramiko.Transport.__init__
paramiko.Transport.__init__ = _without_delay  # type: ignore[method-assign]
