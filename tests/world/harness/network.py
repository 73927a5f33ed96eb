"""A bridge network of its own for every test run, on addresses that nothing else on the machine uses."""

from __future__ import annotations

import ipaddress
import random
import struct
from collections.abc import Iterable
from pathlib import Path

from .commands import WorldError, docker

POOL = ipaddress.IPv4Network("10.213.0.0/16")


def create_network(name: str, labels: Iterable[str]) -> ipaddress.IPv4Network:
    """Create the bridge `name` on a free /24 of POOL and give its subnet; WorldError when none is free."""
    candidates = list(POOL.subnets(new_prefix=24))
    random.shuffle(candidates)  # runs that start at the same time seldom try the same one
    routed = _routes(Path("/proc/net/route").read_text())
    for subnet in candidates:
        if not any(subnet.overlaps(route) for route in routed) and _created(name, subnet, labels):
            return subnet
    raise WorldError(f"no free /24 network is left in {POOL}: remove Docker networks that are no longer used")


def _created(name: str, subnet: ipaddress.IPv4Network, labels: Iterable[str]) -> bool:
    try:
        docker("network", "create", "--subnet", str(subnet), *labels, name)
    except WorldError as error:
        # another run was faster; engines word it as "Pool overlaps with other one on this address space"
        if "overlaps" in str(error):
            return False
        raise
    return True


def _routes(table: str) -> list[ipaddress.IPv4Network]:
    """Destinations in a /proc/net/route (hexadecimal, host byte order), without the default route."""
    rows = [line.split() for line in table.splitlines()[1:]]
    pairs = [(_address(row[1]), _address(row[7])) for row in rows]
    return [ipaddress.IPv4Network(f"{to}/{mask}") for to, mask in pairs if mask != "0.0.0.0"]


def _address(hexadecimal: str) -> str:
    return str(ipaddress.IPv4Address(struct.pack("=I", int(hexadecimal, 16))))
