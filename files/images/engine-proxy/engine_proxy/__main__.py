"""The command line: ``engine-proxy serve`` and ``engine-proxy healthcheck``."""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import sys

from engine_proxy.engine import DEFAULT_SOCKET, Engine, EngineError, Unreachable
from engine_proxy.logs import log
from engine_proxy.ooms import Ooms

API_PORT = 2375
METRICS_PORT = 9417

LOOK_INTERVAL = 10
"""Seconds between two looks at the engine. It remembers 256 events, of which each health check makes three: those of an
overlay take less than a minute to fill its list, and scrapes may be rarer than that."""

LOOKS_UNTIL_LOST = 6
"""Failed looks in a row after which the socket counts as another than the engine's."""

_ENDS = {signal.SIGTERM, signal.SIGINT}


def main() -> int:
    options = _options()
    if options.command == "healthcheck":
        return healthcheck(options.api_port)
    return serve(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("engine-proxy", description=__doc__)
    parser.add_argument("command", choices=["serve", "healthcheck"])
    parser.add_argument("--socket", default=DEFAULT_SOCKET, help="the engine's socket")
    parser.add_argument("--address", default="0.0.0.0", help="where to listen")
    parser.add_argument("--api-port", type=int, default=API_PORT, help="port of the Docker API")
    parser.add_argument("--metrics-port", type=int, default=METRICS_PORT, help="port of /metrics")
    parser.add_argument(
        "--look-interval", type=float, default=LOOK_INTERVAL, help="seconds between looks at the engine"
    )
    return parser.parse_args()


def healthcheck(port: int) -> int:
    """Whether the engine answers through the proxy: 0 if so, else 1 and a sentence that says what happened."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_ping")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"engine-proxy does not answer on port {port}: {error}", file=sys.stderr)
        return 1
    if status != 200:
        print(f"the engine does not answer: engine-proxy says {status} on port {port}", file=sys.stderr)
    return int(status != 200)


def serve(options: argparse.Namespace) -> int:
    # A health check every few seconds has no use for the servers, and would pay for them.
    from engine_proxy.handlers import start

    # Before there are threads, so that none of them takes the signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    engine = Engine(options.socket)
    ooms = Ooms(engine)
    start(engine, ooms, (options.address, options.api_port), (options.address, options.metrics_port))
    code = watch(engine, ooms, options.look_interval)
    # Nothing is worth waiting for: every answer can be asked for again.
    os._exit(code)


def watch(engine: Engine, ooms: Ooms, interval: float) -> int:
    """Wait for a signal to end (0), or for the engine's socket to be lost for good (1).

    A mounted socket file stays the old one when an engine that keeps its containers running makes a new one; started
    again by the restart policy, the container gets the new one.
    """
    lost = 0
    while not signal.sigtimedwait(_ENDS, interval):
        lost = lost + 1 if _is_lost(engine, ooms) else 0
        if lost >= LOOKS_UNTIL_LOST:
            log.error("the engine's socket accepts no connections: ending, to be started with the present one")
            return 1
    return 0


def _is_lost(engine: Engine, ooms: Ooms) -> bool:
    try:
        ooms.look(engine.version())
    except Unreachable:
        return True
    except EngineError:
        return False
    return False


if __name__ == "__main__":
    sys.exit(main())
