"""The host firewall: who may reach published container ports from outside."""

from __future__ import annotations

import difflib
from collections.abc import Generator, Iterable, Mapping

from pyinfra import host, logger, state
from pyinfra.api import StringCommand, operation
from pyinfra.facts.files import FileContents

from preprod.facts.bundle import FileState
from preprod.facts.firewall import BOOT_LINK, Firewall, FirewallState
from preprod.facts.shell import inline as script
from preprod.render import firewall as render
from preprod.render.bundle import File
from preprod.render.firewall import CHAIN, INIT, NAME, SCRIPT, UNIT
from preprod.settings import FirewallRule

# One rename puts the file in place: the machine may start it at any moment.
_WRITE = """
cat >"$1.preprod-new"
chown 0:0 "$1.preprod-new"
chmod "$2" "$1.preprod-new"
mv "$1.preprod-new" "$1"
"""

_APPLY = f"{SCRIPT} apply\n{SCRIPT} check"

_ENABLE = f"""
if [ -d /run/systemd/system ]; then systemctl daemon-reload; systemctl enable -q {NAME}.service
else update-rc.d {NAME} defaults >/dev/null; fi
"""

_FORGET = f"""
if [ -f {UNIT} ] && [ -d /run/systemd/system ]; then systemctl disable -q --now {NAME}.service; fi
rm -f {BOOT_LINK} {UNIT} {INIT} {SCRIPT}
if [ -d /run/systemd/system ]; then systemctl daemon-reload; else update-rc.d {NAME} remove >/dev/null; fi
"""


@operation()
def present(rules: Iterable[FirewallRule]) -> Generator[StringCommand, None, None]:
    """
    Only these sources reach published ports from outside the host, now and after every start of the engine.

    The operator's own rules, in ``DOCKER-USER`` and everywhere else, keep their place. Fails when Docker does not
    lead traffic through ``DOCKER-USER``, for then nothing would be protected.

    Out of reach, because ``INPUT`` and plain routed traffic are never touched: IPv6 clients of a port that a container
    on an IPv4-only network publishes on ``[::]`` (the userland proxy answers them on the host itself: publish on
    ``0.0.0.0``), and, with engines older than 28, a machine on the same link that routes to a container's own address.

    + rules: sources and the published ports that each may reach; none at all closes every port

    **Example:**

    .. code:: python

        firewall.present(name="Firewall | rules of published ports", rules=settings.firewall_allow)
    """
    found = host.get_fact(Firewall)
    files = render.files(rules, found.systemd)
    write = [path for path, file in files.items() if found.files.get(path) != _state(file)]
    enable = not found.enabled or any(path in write for path in (UNIT, INIT))
    apply = not in_force(found, files[SCRIPT].sha256)
    if not (write or enable or apply):
        host.noop("the rules of published ports are in force")
        return
    if state.config.DIFF:
        _show(found, files, write, enable, apply)
    for path in write:
        yield script(_WRITE, path, f"{files[path].mode:o}", stdin=files[path].text)
    if apply:
        yield script(_APPLY)
    if enable:
        yield script(_ENABLE)


@operation()
def absent() -> Generator[StringCommand, None, None]:
    """
    No trace of the firewall: script, unit, chain and jump go, every other rule stays.

    **Example:**

    .. code:: python

        firewall.absent(name="Firewall | remove rules")
    """
    found = host.get_fact(Firewall)
    traces = [rules for rules in found.families.values() if rules.digest or rules.stamp or rules.jumps]
    if not (found.files or found.enabled or traces):
        host.noop("there are no rules of published ports")
        return
    # Sent, not called: the script on the host may be gone, edited or of another version.
    yield StringCommand("sh -s remove", _stdin=render.script(()))
    yield script(_FORGET)


def in_force(found: FirewallState, script_sha256: str) -> bool:
    """Whether the rules that this script applies are what filters now, in every family that the host has."""
    led = 4 in found.families and found.families[4].led
    return led and all(
        rules.stamp == f"{script_sha256} {rules.digest}" and rules.jumps == (f"1:-A DOCKER-USER -j {CHAIN}",)
        for rules in found.families.values()
    )


def _state(file: File) -> FileState:
    return FileState(file.sha256, file.mode, file.uid, file.gid)


def _show(found: FirewallState, files: Mapping[str, File], write: list[str], enable: bool, apply: bool) -> None:
    for path in write:
        host.log(f"will {'change' if path in found.files else 'create'} {path} (mode {files[path].mode:04o})")
        old = host.get_fact(FileContents, path=path) if path in found.files else None
        new = files[path].text.splitlines()
        for line in difflib.unified_diff(old or [], new, path, "new", lineterm="", n=2):
            logger.info("    %s", line)
    if apply:
        host.log(f"will put the rules of chain {CHAIN} in force")
    if enable:
        host.log(f"will start {NAME} with the engine")
