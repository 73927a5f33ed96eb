"""The catalogue: every image that can run on a host, and what is true of each way to have it.

Official and package-built images of one component differ in uid, capabilities, paths and the tools that a health
check can use, so all of these stand here, beside the reference, and nowhere else.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Flavour = Literal["official", "packaged"]

OWN_PREFIX = "socialize-preprod"
"""Repository prefix of everything built by this package; official names are never reused."""


class Image(BaseModel):
    """One way to have a component."""

    model_config = ConfigDict(frozen=True)

    reference: str
    """Pinned reference; for a package-built image the repository, its tag is computed from the recipe."""
    uid: int
    gid: int
    health: tuple[str, ...]
    """Arguments of the health check: Compose's `test`."""
    capabilities: tuple[str, ...] = ()
    """Capabilities given back after `cap_drop: ALL`."""
    data_path: str | None = None
    """Where the volume is mounted."""
    data_volume: str | None = None
    """Name of the volume in the Compose file; services of one uid may share one."""


class Component(BaseModel):
    """A service of the Compose project: its images and its limits."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    official: Image
    packaged: Image
    memory_mb: int
    cpus: float
    pids: int
    tmpfs: tuple[str, ...] = ("/tmp",)
    """Writable paths in memory; the root file system is read-only."""

    def image(self, flavour: Flavour) -> Image:
        return self.official if flavour == "official" else self.packaged


def _same(image: Image, **changes: object) -> tuple[Image, Image]:
    return image, image.model_copy(update=changes)


_POSTGRES, _POSTGRES_PACKAGED = _same(
    Image(
        reference="postgres:17.7-trixie",
        uid=999,
        gid=999,
        # -h: during its first start the official entrypoint serves the socket alone, for the init scripts.
        health=("CMD-SHELL", "pg_isready -q -h 127.0.0.1 -U postgres -d postgres"),
        data_path="/var/lib/postgresql/data",
        data_volume="postgres-data",
    ),
    reference=f"{OWN_PREFIX}/postgres",
)

_CADDY, _CADDY_PACKAGED = _same(
    Image(
        reference="caddy:2.10.2-alpine",
        uid=10002,
        gid=10002,
        health=("CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9080/"),
        # The official binary carries a file capability and fails at exec without it (caddy-docker issue 396).
        capabilities=("NET_BIND_SERVICE",),
        data_path="/data",
        data_volume="caddy-data",
    ),
    reference=f"{OWN_PREFIX}/caddy",
    capabilities=(),
    # Debian's minimal base has neither wget nor curl.
    health=(
        "CMD",
        "bash",
        "-c",
        "exec 3<>/dev/tcp/127.0.0.1/9080 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q ' 200 ' <&3",
    ),
)

_APP = Image(
    reference=f"{OWN_PREFIX}/app",
    uid=10001,
    gid=10001,
    health=("CMD", "socialize", "healthcheck", "ready"),
    data_path="/data",
    data_volume="api-data",
)

POSTGRES = Component(
    name="postgres",
    version="17",
    official=_POSTGRES,
    packaged=_POSTGRES_PACKAGED,
    memory_mb=512,
    cpus=1.0,
    pids=200,
    tmpfs=("/tmp", "/var/run/postgresql"),
)
_WORKER = _APP.model_copy(update={"health": ("CMD", "socialize", "healthcheck", "worker")})

API = Component(name="api", version="0.1.0", official=_APP, packaged=_APP, memory_mb=384, cpus=1.0, pids=100)
WORKER = Component(
    name="worker", version="0.1.0", official=_WORKER, packaged=_WORKER, memory_mb=384, cpus=1.0, pids=100
)
CADDY = Component(
    name="caddy", version="2", official=_CADDY, packaged=_CADDY_PACKAGED, memory_mb=192, cpus=0.5, pids=100
)

CATALOGUE: dict[str, Component] = {component.name: component for component in (POSTGRES, API, WORKER, CADDY)}

PYTHON_OFFICIAL = "python:3.13.9-slim-trixie"
"""What the app is built on where official images are used."""


class MissingImages(Exception):
    """Images that no configured source can give; the message lists all of them and the ways to supply them."""


class Chosen(BaseModel):
    """The image that a component runs on this host."""

    model_config = ConfigDict(frozen=True)

    component: Component
    reference: str
    flavour: Flavour

    @property
    def image(self) -> Image:
        return self.component.image(self.flavour)
