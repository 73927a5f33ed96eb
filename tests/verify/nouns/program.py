"""A program of the overlay, asked at its own port in the Compose network, as its neighbours there ask it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from verify.nouns.api import Api
from verify.nouns.container import Container
from verify.nouns.target import Target

_BUILD_INFO = re.compile(r'^\w*_build_info\{[^}]*\bversion="([^"]*)"', re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """Where a program tells how it is; ``/metrics`` is at the same port."""

    port: int
    ready: str
    """Path that is answered with 200 once the program can do its work."""


PLACES: Mapping[str, Place] = {
    "prometheus": Place(9090, "/-/ready"),
    "longterm": Place(9090, "/-/ready"),
    "alertmanager": Place(9093, "/-/ready"),
    "loki": Place(3100, "/ready"),
    "tempo": Place(3200, "/ready"),
    "alloy": Place(12345, "/-/ready"),
    "grafana": Place(3000, "/api/health"),
    "engine-proxy": Place(9417, "/metrics"),
    "node-exporter": Place(9100, "/metrics"),
    "postgres-exporter": Place(9187, "/metrics"),
    "blackbox-exporter": Place(9115, "/-/healthy"),
    "redis-exporter": Place(9121, "/metrics"),
    "mongodb-exporter": Place(9216, "/metrics"),
}


class Program(Api):
    """Requests go out on the host to the container's own address."""

    def __init__(self, target: Target, container: Container) -> None:
        self.name = container.component
        self.place = PLACES[self.name]
        overlay = target.deployment.observability
        # Grafana answers below the path at which people reach it.
        self._base = urlsplit(overlay.grafana or "").path.rstrip("/") if overlay and self.name == "grafana" else ""

        def route(port: int) -> tuple[str, int]:
            return target.connection.way_to(container.address, port)

        super().__init__(f"http://{self.name}:{self.place.port}", f"in the network of {target}", route)

    @property
    def is_ready(self) -> bool:
        return self.get(self._base + self.place.ready).status_code == 200

    @property
    def versions(self) -> set[str]:
        """What its metrics name as versions of builds, its own among them."""
        return set(_BUILD_INFO.findall(self.get(f"{self._base}/metrics").text))
