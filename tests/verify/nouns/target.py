"""A host that is verified."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import docker
import testinfra
from docker import DockerClient
from testinfra.backend.base import CommandResult
from testinfra.host import Host

from preprod.catalogue import OVERLAY
from preprod.paths import BASE, MANIFEST
from preprod.render.compose import FILES
from verify.nouns.connection import connect
from verify.nouns.deployment import Deployment, parsed
from verify.nouns.errors import NotVerifiable
from verify.nouns.inventory import InventoryHost

DAEMON_JSON = "/etc/docker/daemon.json"


class Target:
    """One deployed host: testinfra's ``host``, the engine's API, and the manifest."""

    def __init__(self, entry: InventoryHost, inventory: str, directory: Path) -> None:
        """
        :raises NotVerifiable: the host cannot be reached, commands are not root's, or nothing is deployed there.
        """
        self.name = entry.name
        self.connection = connect(entry, directory)
        self.host: Host = testinfra.get_host(self.connection.spec)
        self._need_root()
        self.deployment: Deployment = self._deployment(inventory)

    def __repr__(self) -> str:
        return self.name

    @cached_property
    def docker(self) -> DockerClient:
        # The SDK keeps a connection for each URL; sshd allows ten sessions on one connection (MaxSessions).
        return docker.DockerClient(base_url=self.connection.engine(), timeout=30, num_pools=5)

    def run(self, script: str, *arguments: str) -> CommandResult:
        """Run a shell script as root; the arguments are its ``$1`` and so on."""
        return self.host.run("sh -c %s sh" + " %s" * len(arguments), script, *arguments)

    def output(self, script: str, *arguments: str) -> str:
        """Standard output of :meth:`run`.

        :raises RuntimeError: the script fails.
        """
        result = self.run(script, *arguments)
        if result.rc:
            raise RuntimeError(f"on {self.name}: {script.strip()!r} ended with {result.rc}: {result.stderr.strip()}")
        return str(result.stdout)

    @cached_property
    def compose_file(self) -> dict[str, Any]:
        """The project as Compose understands the deployed files, put together."""
        files = [option for name in FILES if name in self.deployment.files for option in ("-f", name)]
        config = 'cd "$1" && shift && docker compose --project-directory . "$@" config --format json'
        parsed: dict[str, Any] = json.loads(self.output(config, BASE, *files))
        return parsed

    @cached_property
    def lacks(self) -> dict[str, str]:
        """What is not there to be proven -> a phrase that says so."""
        phrases = {}
        if not self.deployment.domain:
            phrases["domain"] = "TLS and the redirect to it (no domain is set)"
        if not self.host.file("/run/systemd/system").is_directory:
            phrases["systemd"] = "start at boot (PID 1 is not systemd)"
        if not self._userland_proxy():
            phrases["userland-proxy"] = "sockets of docker-proxy (switched off in daemon.json)"
        if not self.deployment.logs_requests:
            phrases["request lines"] = f"log lines of requests and jobs (log_level is {self.deployment.log_level})"
        return phrases | self._unobserved()

    def _unobserved(self) -> dict[str, str]:
        overlay = self.deployment.observability
        if not overlay:
            return {"observability": "metrics, traces, log search and alerts (no observability overlay is deployed)"}
        phrases: dict[str, str] = {name: name for name in OVERLAY if name not in self.deployment.services}
        if overlay.app_metrics == "scrape":
            phrases["exemplars"] = "exemplars (the app's metrics are scraped, and its exporter offers none)"
        return phrases

    def close(self) -> None:
        if "docker" in self.__dict__:
            self.docker.close()
        self.connection.close()

    def _userland_proxy(self) -> bool:
        file = self.host.file(DAEMON_JSON)
        return bool(json.loads(file.content_string).get("userland-proxy", True)) if file.exists else True

    def _need_root(self) -> None:
        answer = self.run("id -u")
        if answer.stdout.strip() != "0":
            who = f"uid {answer.stdout.strip()}" if answer.stdout.strip() else f"nobody: {answer.stderr.strip()}"
            raise NotVerifiable(f"commands on {self.name} run as {who}: connect as root, or set _sudo = True")

    def _deployment(self, inventory: str) -> Deployment:
        answer = self.run('cat "$1"', MANIFEST)
        if answer.rc:
            remedy = f"pyinfra {inventory} deploy.py"
            raise NotVerifiable(f"{self.name} is not deployed, it has no {MANIFEST}: run {remedy}")
        return parsed(self.name, answer.stdout)
