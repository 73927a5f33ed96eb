"""The host firewall as it stands: files, boot, and the rules in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyinfra.api import FactBase
from typing_extensions import override

from preprod.facts.bundle import FileState
from preprod.render.firewall import CHAIN, INIT, NAME, SCRIPT, STAMP, UNIT, Family

BOOT_LINK = f"/etc/systemd/system/docker.service.wants/{NAME}.service"
"""What ``systemctl enable`` makes of the unit's ``WantedBy``."""


@dataclass(frozen=True)
class Rules:
    """What is in force in one address family."""

    digest: str = ""
    """SHA-256 of what ``iptables -S`` prints of our chain; empty when there is none."""
    stamp: str = ""
    """Digest of the script that last applied its rules, a space, and the ``digest`` of that moment."""
    jumps: tuple[str, ...] = ()
    """Jumps to our chain: position in ``DOCKER-USER``, a colon, the rule."""
    led: bool = False
    """Whether forwarded traffic goes through ``DOCKER-USER`` at all."""


@dataclass(frozen=True)
class FirewallState:
    """Everything of ours on a host; ``families`` has those whose filter table the host has."""

    systemd: bool = False
    enabled: bool = False
    files: Mapping[str, FileState] = field(default_factory=dict)
    families: Mapping[Family, Rules] = field(default_factory=dict)


class Firewall(FactBase[FirewallState]):
    """State of the firewall of published ports.

    .. code:: python

        firewall = host.get_fact(Firewall)
    """

    default = FirewallState

    @override
    def command(self) -> str:
        return f"""
for f in {SCRIPT} {UNIT} {INIT}; do
  if [ -f "$f" ]; then echo "file $(sha256sum <"$f" | cut -c1-64) $(stat -c '%a %u %g' "$f") $f"; fi
done
if [ -d /run/systemd/system ]; then
  echo "systemd yes"; if [ -L {BOOT_LINK} ]; then echo "enabled yes"; fi
elif ls /etc/rc[2-5].d/S??{NAME} >/dev/null 2>&1; then echo "enabled yes"; fi
look() {{
  forward=$($2 --wait=10 -S FORWARD 2>/dev/null) || return 0
  echo "table $1"
  if rules=$($2 --wait=10 -S {CHAIN} 2>/dev/null); then
    echo "rules $1 $(printf '%s\\n' "$rules" | sha256sum | cut -c1-64)"
  fi
  if [ -f {STAMP}.$1 ]; then echo "stamp $1 $(cat {STAMP}.$1)"; fi
  $2 --wait=10 -S DOCKER-USER 2>/dev/null | grep '^-A' | grep -n -e '-j {CHAIN}$' | sed "s/^/jump $1 /"
  if echo "$forward" | grep -qx -e '-A FORWARD -j DOCKER-USER'; then echo "led $1"; fi
}}
look 4 iptables
look 6 ip6tables
"""

    @override
    def process(self, output: list[str]) -> FirewallState:
        found: dict[str, list[str]] = {}
        for line in output:
            kind, _, rest = line.partition(" ")
            found.setdefault(kind, []).append(rest)
        families: tuple[Family, ...] = (4, 6)
        tables = found.get("table", [])
        return FirewallState(
            systemd="systemd" in found,
            enabled="enabled" in found,
            files=dict(_file(line) for line in found.get("file", [])),
            families={family: _rules(found, family) for family in families if str(family) in tables},
        )


def _file(line: str) -> tuple[str, FileState]:
    sha256, mode, uid, gid, path = line.split(" ", 4)
    return path, FileState(sha256, int(mode, 8), int(uid), int(gid))


def _rules(found: Mapping[str, list[str]], family: Family) -> Rules:
    def of(kind: str) -> list[str]:
        return [line[2:] for line in found.get(kind, []) if line.startswith(str(family))]

    led = str(family) in found.get("led", [])
    return Rules("".join(of("rules")), "".join(of("stamp")), tuple(of("jump")), led)
