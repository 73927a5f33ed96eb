"""The host firewall: iptables rules of published ports, the script that applies them, and its start at boot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from preprod.render.bundle import File
from preprod.render.templates import rendered
from preprod.settings import FirewallRule

Family = Literal[4, 6]

CHAIN = "PREPROD"
"""The one chain of our own. ``DOCKER-USER``, Docker's hook for operators, gets a jump to it and nothing else."""

NAME = "preprod-firewall"
SCRIPT = f"/usr/local/sbin/{NAME}"
UNIT = f"/etc/systemd/system/{NAME}.service"
INIT = f"/etc/init.d/{NAME}"

STAMP = f"/run/{NAME}"
"""With ``.4`` or ``.6`` behind it: the digests of the script that last applied its rules, and of what
``iptables -S`` then printed. Rules are compared in iptables' own words, which differ between its versions; like the
rules, the stamp does not outlive a reboot."""

CONTAINER_BRIDGES = ("docker0", "docker_gwbridge", "br-+")
"""Docker's default bridge, Swarm's gateway, and users' networks (``br-`` and twelve hexadecimal digits)."""

DROP = "-m conntrack --ctstate DNAT -j DROP"
"""Docker rewrites the destination of what reaches a published port. What the host merely routes keeps its own and is
never concerned; a port forwarding of the operator's own is, and needs a place in ``firewall_allow``."""


def allowed(allow: Iterable[FirewallRule], family: Family) -> list[str]:
    """The first rules of one address family, for ``iptables-restore``: what may pass.

    The destination is rewritten before these rules see a packet: the port that the outside knows is the original one
    of its connection. Connections that stand when the rules come are not cut.

    :param allow: the sources and their ports; those of the other family are left out.
    """
    sources = [rule for rule in allow if rule.source.version == family]
    return [
        f"-A {CHAIN} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
        *(f"-A {CHAIN} -s {rule.source}{match} -j RETURN" for rule in sources for match in _ports(rule)),
    ]


def _ports(rule: FirewallRule) -> list[str]:
    return [f" -p tcp -m conntrack --ctorigdstport {port}" for port in rule.ports] or [""]


def closing() -> list[str]:
    """The last rules, the same in both families: containers may talk, all else to a published port is dropped."""
    return [*(f"-A {CHAIN} -i {bridge} -j RETURN" for bridge in CONTAINER_BRIDGES), f"-A {CHAIN} {DROP}"]


def script(allow: Iterable[FirewallRule]) -> str:
    """The program that applies, checks and removes the rules; it needs nothing but a shell and iptables."""
    sources = tuple(allow)
    return rendered(
        "firewall/preprod-firewall.j2",
        chain=CHAIN,
        script=SCRIPT,
        stamp=STAMP,
        allowed={4: allowed(sources, 4), 6: allowed(sources, 6)},
        closing=closing(),
        drop=DROP,
    )


def files(allow: Iterable[FirewallRule], systemd: bool) -> Mapping[str, File]:
    """Absolute path -> file, of everything that a host keeps.

    :param systemd: whether PID 1 is systemd; other hosts get an LSB init script.
    """
    at_boot = UNIT if systemd else INIT
    template = "firewall/preprod-firewall.service.j2" if systemd else "firewall/preprod-firewall.init.j2"
    return {
        SCRIPT: File(script(allow), mode=0o755),
        at_boot: File(rendered(template, name=NAME, script=SCRIPT), mode=0o644 if systemd else 0o755),
    }
