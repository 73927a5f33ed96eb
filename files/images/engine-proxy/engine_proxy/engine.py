"""A client of the Docker engine that can do nothing but GET."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any

DEFAULT_SOCKET = "/var/run/docker.sock"

TIMEOUT = 5.0
"""Seconds without a byte from the engine; half of Prometheus' usual scrape timeout."""


class EngineError(Exception):
    """The engine did not give what it was asked for."""


class Unreachable(EngineError):
    """Nobody listens at the socket."""


class Gone(EngineError):
    """There is no such container, any more."""


@dataclass(frozen=True)
class Answer:
    """What the engine said; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("engine", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """The engine behind a socket. Safe for threads: every request has a connection of its own."""

    def __init__(self, path: str = DEFAULT_SOCKET, timeout: float = TIMEOUT) -> None:
        self._path = path
        self._timeout = timeout

    def get(self, target: str) -> Answer:
        """The answer to a GET, whatever its status.

        :raises Unreachable: nobody listens at the socket.
        :raises EngineError: no answer in time, or none that is HTTP.
        """
        connection = _UnixConnection(self._path, self._timeout)
        try:
            connection.request("GET", target)
            found = connection.getresponse()
            return Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())
        except (ConnectionRefusedError, FileNotFoundError) as error:
            raise Unreachable(f"the engine is not there: {error}") from error
        except (OSError, http.client.HTTPException) as error:
            raise EngineError(f"the engine did not answer: {error or type(error).__name__}") from error
        finally:
            connection.close()

    def json(self, target: str) -> Any:
        """The JSON document at a target.

        :raises Gone: the engine knows no such thing.
        :raises EngineError: as `get`, or another status than 200, or no JSON.
        """
        answer = self.get(target)
        # Engine 20.10 says 200 and nothing more of a container that goes while its statistics are taken.
        if answer.status == 404 or (answer.status == 200 and not answer.body):
            raise Gone("the engine knows no such container")
        return _parsed(_body(answer))

    def documents(self, target: str) -> list[Any]:
        """The JSON documents at a target, one a line; none is an answer, too.

        :raises EngineError: as `get`, or another status than 200, or no JSON.
        """
        return [_parsed(line) for line in _body(self.get(target)).splitlines()]

    def version(self) -> str:
        """The newest API version that the engine has, as in ``1.41``: old ones are refused by new engines.

        :raises EngineError: it does not say so.
        """
        found = self.get("/_ping").headers.get("api-version")
        if not found:
            raise EngineError("the engine does not say which API version it has")
        return found


def _body(answer: Answer) -> bytes:
    if answer.status != 200:
        raise EngineError(f"the engine answered {answer.status}")
    return answer.body


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise EngineError(f"the engine's answer is no JSON: {error}") from error
