"""The app and what it stands on."""

from __future__ import annotations

from preprod.images import OWN_PREFIX, Component, Image, asked_by_bash, asked_by_wget, image_pair

_POSTGRES, _POSTGRES_PACKAGED = image_pair(
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

_CADDYFILE = ("--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile")

_CADDY, _CADDY_PACKAGED = image_pair(
    Image(
        reference="caddy:2.10.2-alpine",
        uid=10002,
        gid=10002,
        health=asked_by_wget(9080),
        # The official binary carries a file capability and fails at exec without it (caddy-docker issue 396).
        capabilities=("NET_BIND_SERVICE",),
        data_path="/data",
        data_volume="caddy-data",
        config_path="/etc/caddy",
        check=("caddy", "validate", *_CADDYFILE),
        reload=("caddy", "reload", *_CADDYFILE),
    ),
    reference=f"{OWN_PREFIX}/caddy",
    capabilities=(),
    health=asked_by_bash(9080),
)

_APP = Image(
    reference=f"{OWN_PREFIX}/app",
    uid=10001,
    gid=10001,
    health=("CMD", "socialize", "healthcheck", "ready"),
    data_path="/data",
    data_volume="api-data",
)
_WORKER = _APP.model_copy(update={"health": ("CMD", "socialize", "healthcheck", "worker")})

POSTGRES = Component(
    name="postgres",
    version="17",
    official=_POSTGRES,
    packaged=_POSTGRES_PACKAGED,
    memory_mb=512,
    cpus=1.0,
    pids=200,
    tmpfs=("/tmp", "/var/run/postgresql"),
    ports=(5432,),
)
API = Component(
    name="api",
    version="0.1.0",
    official=_APP,
    packaged=_APP,
    memory_mb=384,
    cpus=1.0,
    pids=100,
    ports=(8000, 9464),
)
WORKER = Component(
    name="worker",
    version="0.1.0",
    official=_WORKER,
    packaged=_WORKER,
    memory_mb=384,
    cpus=1.0,
    pids=100,
    ports=(9464,),
)
CADDY = Component(
    name="caddy",
    version="2",
    official=_CADDY,
    packaged=_CADDY_PACKAGED,
    memory_mb=192,
    cpus=0.5,
    pids=100,
    ports=(8080, 8443, 9081),
)
