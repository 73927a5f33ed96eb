"""A guarded world as the firewall's tests see it: how it is deployed to, who is answered, which rules it has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import World, wait_for

ROOT = Path(__file__).parents[2]
PORT, OTHER_PORT = 80, 8080
SECONDS = 2  # that a source waits for an answer before it counts as shut out

DEPLOY = """
from pyinfra import host
from preprod.operations import firewall
from preprod.settings import FirewallRule

if host.data.get("allow") is None:
    firewall.absent(name="Firewall | remove rules")
else:
    rules = [FirewallRule.model_validate(rule) for rule in host.data.allow]
    firewall.present(name="Firewall | rules of published ports", rules=rules)
"""

Allow = list[dict[str, Any]]


@dataclass(frozen=True)
class Run:
    """One run of pyinfra: exit status, all human output, and the counters of `--json` (empty after a failure)."""

    rc: int
    log: str
    totals: dict[str, int]
    predicted: list[str]
    """Hosts that a dry run foretells a change for."""

    @property
    def changed(self) -> bool:
        assert self.rc == 0, self.log
        return bool(self.totals["success"])


@dataclass(frozen=True)
class Site:
    """A guarded world, the world that knocks at its ports, and the directory for pyinfra's files."""

    world: World
    neighbour: World
    directory: Path

    @property
    def controller(self) -> str:
        """The address that this process has in the eyes of the world, as a network."""
        return self.world.check_output("echo ${SSH_CONNECTION%% *}") + "/32"

    def apply(self, allow: Allow | None, *flags: str) -> Run:
        inventory = self.world.inventory(self.directory / "inventory.py", allow=allow)
        return run_pyinfra(self.directory, str(inventory), *(flags or ("-y",)))

    def foresees_change(self, allow: Allow | None) -> bool:
        run = self.apply(allow, "--dry")
        assert run.rc == 0, run.log
        return bool(run.predicted)

    def answers_controller(self, port: int) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.world.address}:{port}/", timeout=SECONDS) as answer:
                return bool(answer.read() == b"hello\n")
        except OSError:
            return False

    def answers_neighbour(self, port: int) -> bool:
        url = f"http://{self.world.address}:{port}/"
        return self.neighbour.run(f"timeout {SECONDS} busybox wget -qO- {url}").stdout == "hello\n"

    def rules(self) -> list[str]:
        """All rules of filter and nat, IPv4 before IPv6, without the engine's DNS ports, new at every start."""
        text = self.world.check_output("iptables -S; iptables -t nat -S; ip6tables -S")
        return [line for line in text.splitlines() if "127.0.0.11" not in line]

    def start_web_server(self) -> None:
        serve = "mkdir /www; echo hello >/www/index.html; exec /bin/busybox httpd -f -p 80 -h /www"
        # killed at once: the engine would wait ten seconds for a shell that ignores every other signal
        published = f"--stop-signal KILL -p 0.0.0.0:{PORT}:80 -p 0.0.0.0:{OTHER_PORT}:80"
        self.world.check_output(
            f"docker run -d --name web --restart unless-stopped {published} small /bin/busybox sh -c '{serve}'"
        )
        self.wait_for_web_server()

    def wait_for_web_server(self) -> None:
        ask = f"busybox wget -qO- http://127.0.0.1:{PORT}/"
        wait_for(lambda: self.world.run(ask).stdout == "hello\n", 60, "the web server to answer on the host itself")


def run_pyinfra(directory: Path, inventory: str, *flags: str) -> Run:
    deploy = directory / "deploy.py"
    deploy.write_text(DEPLOY)
    argv = [sys.executable, "-m", "pyinfra", inventory, str(deploy), "--json", *flags]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(argv, cwd=directory, env=environment, capture_output=True, text=True, timeout=120)
    answer = json.loads(done.stdout or "{}")
    predicted = [name for operation in answer.get("plan", []) for name in operation["hosts_with_change"]]
    return Run(done.returncode, done.stderr, (answer.get("results") or {}).get("totals", {}), predicted)
