"""What turns the state of the host, of containers and of databases into metrics."""

from __future__ import annotations

from preprod.images import OWN_PREFIX, Component, Image, asked_by_bash, asked_by_wget, image_pair

_NOBODY = 65534


def _exporter(name: str, version: str, official: Image, packaged: dict[str, object] | None, port: int) -> Component:
    """A small program that answers at ``/metrics``."""
    first, second = image_pair(official, reference=f"{OWN_PREFIX}/{name}", **(packaged or {}))
    return Component(
        name=name,
        version=version,
        official=first,
        packaged=second if packaged is not None else None,
        memory_mb=96,
        cpus=0.25,
        pids=100,
        ports=(port,),
    )


NODE = _exporter(
    "node-exporter",
    "1.12.1",
    Image(reference="quay.io/prometheus/node-exporter:v1.12.1", uid=_NOBODY, gid=_NOBODY, health=asked_by_wget(9100)),
    {"version": "1.9", "health": asked_by_bash(9100)},
    9100,
)

POSTGRES_EXPORTER = _exporter(
    "postgres-exporter",
    "0.20.1",
    Image(
        reference="quay.io/prometheuscommunity/postgres-exporter:v0.20.1",
        uid=_NOBODY,
        gid=_NOBODY,
        health=asked_by_wget(9187),
    ),
    {"version": "0.17", "health": asked_by_bash(9187)},
    9187,
)

BLACKBOX = _exporter(
    "blackbox-exporter",
    "0.28.0",
    Image(
        reference="quay.io/prometheus/blackbox-exporter:v0.28.0",
        uid=_NOBODY,
        gid=_NOBODY,
        health=asked_by_wget(9115, "/-/healthy"),
        config_path="/etc/blackbox-exporter",
        check=("blackbox_exporter", "--config.file=/etc/blackbox-exporter/blackbox.yml", "--config.check"),
    ),
    {
        "version": "0.26",
        "health": asked_by_bash(9115, "/-/healthy"),
        "check": (
            "prometheus-blackbox-exporter",
            "--config.file=/etc/blackbox-exporter/blackbox.yml",
            "--config.check",
        ),
    },
    9115,
)

REDIS = _exporter(
    "redis-exporter",
    "1.88.0",
    Image(reference="oliver006/redis_exporter:v1.88.0-alpine", uid=59000, gid=59000, health=asked_by_wget(9121)),
    {"version": "1.69", "health": asked_by_bash(9121)},
    9121,
)

MONGODB = _exporter(
    "mongodb-exporter",
    "0.53.0",
    # Made from scratch: nothing in it could ask. Prometheus sees whether it answers.
    Image(reference="percona/mongodb_exporter:0.53.0", uid=65535, gid=65535),
    None,
    9216,
)

# Built here on a base of either flavour: uid 0 without capabilities, the owner of the engine's socket.
_PROXY = Image(reference=f"{OWN_PREFIX}/engine-proxy", uid=0, gid=0, health=("CMD", "engine-proxy", "healthcheck"))

ENGINE_PROXY = Component(
    name="engine-proxy",
    version="0.1.0",
    official=_PROXY,
    packaged=_PROXY,
    memory_mb=96,
    cpus=0.5,
    pids=100,
    ports=(2375, 9417),
)
