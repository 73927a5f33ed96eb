"""What a host is like before a run, and what stands in the way of one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import urljoin

from preprod.observability import ComponentName
from preprod.settings import Settings

SUPPORTED = {"debian": ("12", "13"), "ubuntu": ("22.04", "24.04")}

ENGINE_MINIMUM = (20, 10)
"""Oldest Docker Engine that is used as it is: Debian 12's, on which the tests run."""

ENGINE_ROOT = "/var/lib/docker"
"""Docker's own default of ``data-root``."""

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
"""`uname -m` -> Debian architecture, of the processors that the pinned binaries exist for."""


@dataclass(frozen=True)
class HostState:
    """A host as one look found it."""

    os: str = ""
    release: str = ""
    machine: str = ""
    uid: int = -1
    disk_free_bytes: int = 0
    engine_version: str = ""
    engine_root: str = ""
    """Directory in which a running engine keeps everything."""
    daemon_json: str = ""
    listening: frozenset[int] = frozenset()
    """TCP ports that something listens on."""
    own_ports: frozenset[int] = frozenset()
    """Those of them that the deployed project publishes itself."""
    images: frozenset[str] = field(default_factory=frozenset)
    """Asked-for references that the engine holds."""
    unreachable_images: frozenset[str] = field(default_factory=frozenset)
    """Asked-for references that the engine neither holds nor can find in a registry."""
    firewall: bool = False
    """Whether rules of this package are in force."""


LOOPBACK_PORTS: dict[ComponentName, tuple[int, ...]] = {
    "prometheus": (9090,),
    "alertmanager": (9093,),
    "loki": (3100,),
    "tempo": (3200,),
    "alloy": (12345,),
    "grafana": (3000,),
}
"""Ports for debugging, with `observability_ports`."""


def app_ports(settings: Settings) -> tuple[int, ...]:
    """Ports that Caddy publishes."""
    return (80, 443) if settings.domain else (settings.http_port,)


def loopback_ports(settings: Settings) -> dict[str, tuple[int, ...]]:
    """Component -> ports that it publishes on the loopback address."""
    if not settings.observability_ports:
        return {}
    return {name: ports for name, ports in LOOPBACK_PORTS.items() if settings.watches(name)}


def published(settings: Settings) -> list[str]:
    """Every published address, as ``address:port``."""
    debugging = [f"127.0.0.1:{port}" for ports in loopback_ports(settings).values() for port in ports]
    return [*(f"{bind_address(settings)}:{port}" for port in app_ports(settings)), *debugging]


def bind_address(settings: Settings) -> str:
    return "0.0.0.0" if settings.domain else "127.0.0.1"


def address(settings: Settings) -> str:
    """Where the app is reached."""
    return f"https://{settings.domain}" if settings.domain else f"http://127.0.0.1:{settings.http_port}"


def grafana_url(settings: Settings) -> str:
    """Where people reach Grafana."""
    if settings.grafana_domain:
        return f"https://{settings.grafana_domain}/"
    return urljoin(settings.public_url or address(settings), "/grafana/")


def problems(settings: Settings, host: HostState) -> list[str]:
    """Every reason not to touch this host, one sentence each; empty when there is none."""
    checks = (_operating_system, _privilege, _engine, _daemon_json, _engine_root, _disk, _ports)
    return [sentence for check in checks for sentence in check(settings, host)]


def _operating_system(settings: Settings, host: HostState) -> list[str]:
    if host.release not in SUPPORTED.get(host.os, ()):
        known = ", ".join(f"{name} {' and '.join(releases)}" for name, releases in SUPPORTED.items())
        return [f"operating system {host.os or 'unknown'} {host.release} is not supported: use {known}"]
    if host.machine not in MACHINES:
        return [f"processor {host.machine} is not supported: use {' or '.join(MACHINES)}"]
    return []


def _privilege(settings: Settings, host: HostState) -> list[str]:
    if host.uid != 0:
        return [f"commands run as uid {host.uid}: connect as root (ssh_user) or set _sudo = True in the inventory"]
    return []


def _engine(settings: Settings, host: HostState) -> list[str]:
    if not host.engine_version:
        return []
    if _version(host.engine_version) >= ENGINE_MINIMUM:
        return []
    least = ".".join(map(str, ENGINE_MINIMUM))
    return [
        f"Docker Engine {host.engine_version} is too old: upgrade it to {least} or newer, "
        "or remove it to have one installed"
    ]


def _version(text: str) -> tuple[int, ...]:
    numbers = [int("".join(filter(str.isdigit, part)) or 0) for part in text.split(".")[:2]]
    return tuple(numbers)


def _daemon_json(settings: Settings, host: HostState) -> list[str]:
    try:
        parsed = json.loads(host.daemon_json or "{}")
    except ValueError as error:
        return [f"/etc/docker/daemon.json is not valid JSON ({error}): mend it, it is merged and never replaced"]
    if not isinstance(parsed, dict):
        return ["/etc/docker/daemon.json is not a JSON object: mend it, it is merged and never replaced"]
    if "userns-remap" in parsed or "userns-remap" in settings.docker_daemon:
        return ["daemon.json has userns-remap, with which no container can read its secrets: take it out"]
    return []


def _engine_root(settings: Settings, host: HostState) -> list[str]:
    """Alloy reads the files below it, and would silently find none in another one."""
    if not settings.watches("alloy") or host.engine_root in ("", ENGINE_ROOT) or "data-root" in settings.docker_daemon:
        return []
    return [
        f"Docker keeps its data in {host.engine_root}, where log lines are to be collected: "
        f'set docker_daemon = {{"data-root": "{host.engine_root}"}}'
    ]


def _disk(settings: Settings, host: HostState) -> list[str]:
    free = host.disk_free_bytes / 1e9
    if free >= settings.disk_free_min_gb:
        return []
    return [
        f"only {free:.1f} GB are free for Docker: {settings.disk_free_min_gb:g} GB are needed "
        "(free some, or lower disk_free_min_gb)"
    ]


def _ports(settings: Settings, host: HostState) -> list[str]:
    foreign = host.listening - host.own_ports
    debugging = {port for ports in loopback_ports(settings).values() for port in ports}
    remedy = "stop what listens there" if settings.domain else "stop what listens there, or set http_port"
    return [
        *(f"port {port} is taken by another program: {remedy}" for port in sorted({*app_ports(settings)} & foreign)),
        *(
            f"port {port} is taken by another program: stop what listens there, or set observability_ports = False"
            for port in sorted(debugging & foreign)
        ),
    ]
