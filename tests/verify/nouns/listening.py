"""TCP sockets that listen on a host, and which of them Docker holds."""

from __future__ import annotations

import ipaddress
import re
import sys
from functools import cached_property

from verify.nouns.target import Target

_LOOK = """
for process in /proc/[0-9]*; do
  read -r name <"$process/comm" || continue
  case $name in docker-proxy | dockerd) ls -l "$process/fd" ;; esac
done 2>/dev/null
echo sockets
cat /proc/net/tcp
cat /proc/net/tcp6 2>/dev/null || :
"""

_LISTEN = "0A"
"""TCP_LISTEN of include/net/tcp_states.h, in hexadecimal."""


class Listening:
    """Read from the kernel, so that neither ss nor netstat is needed; one look a test."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @cached_property
    def dockers(self) -> set[str]:
        """Addresses on which docker-proxy or the engine listens in the host's own network, as ``127.0.0.1:8080``."""
        files, _, sockets = self._target.output(_LOOK).partition("sockets\n")
        held = set(re.findall(r"socket:\[(\d+)\]", files))
        rows = [line.split() for line in sockets.splitlines()]
        return {_address(row[1]) for row in rows if row[3] == _LISTEN and row[9] in held}


def _address(text: str) -> str:
    """An address of /proc/net/tcp: words of 32 bits in the host's byte order; the port is in network order."""
    words, port = text.split(":")
    packed = b"".join(int(words[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(words), 8))
    address = ipaddress.ip_address(packed)
    shown = f"[{address}]" if address.version == 6 else str(address)
    return f"{shown}:{int(port, 16)}"
