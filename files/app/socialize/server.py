"""The server process: uvicorn, with a drain before its graceful shutdown."""

import logging
import math
import time
from types import FrameType

import uvicorn

from socialize import telemetry
from socialize.about import API
from socialize.app import create_app
from socialize.settings import Settings

# Longer than a proxy keeps idle connections (Caddy: 2 minutes), so that the proxy always closes first and no
# request runs into a connection that is just being closed.
KEEP_ALIVE_SECONDS = 150

_log = logging.getLogger(__name__)


class DrainingServer(uvicorn.Server):
    """On the first SIGTERM or SIGINT: not ready but serving, for `drain_seconds`; then a graceful shutdown.

    A second signal ends the drain at once. The process exits with 0 either way (uvicorn alone would raise the
    signal again at its end).
    """

    def __init__(self, settings: Settings, *, measuring: bool) -> None:
        self._application = create_app(settings, measuring=measuring)
        self._drain_seconds = settings.drain_seconds
        self._stop_at = math.inf
        self._announced = False
        super().__init__(
            uvicorn.Config(
                self._application,
                host="0.0.0.0",  # noqa: S104  (in a container; what is published is the container's matter)
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=settings.shutdown_timeout_seconds,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._application.state.readiness.draining or not self.started:
            self.should_exit = True
        self._application.state.readiness.draining = True
        self._stop_at = min(self._stop_at, time.monotonic() + self._drain_seconds)

    async def on_tick(self, counter: int) -> bool:
        if math.isfinite(self._stop_at) and not self.should_exit:
            if (
                not self._announced
            ):  # Not in the signal handler: it may interrupt a logger that holds its lock.
                _log.info("draining")
                self._announced = True
            self.should_exit = time.monotonic() >= self._stop_at
        return await super().on_tick(counter)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    with telemetry.running(API, settings) as started:
        DrainingServer(settings, measuring=started.measuring).run()
