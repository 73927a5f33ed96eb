"""Who reaches a published port: asked from outside, by a listed and by an unlisted source, over real networks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness import RELEASES, World, differences, wait_for
from harness.commands import docker
from harness.images import world_image
from test_harness import install_engine

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
        """All rules of both families without counters, comments, and the engine's DNS ports, new at every start."""
        text = self.world.check_output("iptables-save; echo; ip6tables-save")
        lines = (line.partition(" [")[0] for line in text.splitlines() if not line.startswith("#"))
        return [line for line in lines if "127.0.0.11" not in line]

    def start_web_server(self) -> None:
        serve = "mkdir /www; echo hello >/www/index.html; exec /bin/busybox httpd -f -p 80 -h /www"
        published = f"-p 0.0.0.0:{PORT}:80 -p 0.0.0.0:{OTHER_PORT}:80"
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


@pytest.fixture(scope="module")
def bare(new_world: Callable[[str], World]) -> dict[str, World]:
    return {release: new_world(release) for release in RELEASES}


@pytest.fixture(scope="module")
def with_engines(bare: dict[str, World]) -> dict[str, World]:
    return {release: install_engine(world) for release, world in bare.items()}


@pytest.fixture(scope="module", params=RELEASES)
def site(
    request: pytest.FixtureRequest, with_engines: dict[str, World], tmp_path_factory: pytest.TempPathFactory
) -> Site:
    """A world with an engine and a web server on two ports; the world of the other release is its neighbour."""
    release = request.param
    (neighbour,) = (world for name, world in with_engines.items() if name != release)
    site = Site(with_engines[release], neighbour, tmp_path_factory.mktemp(release))
    site.start_web_server()
    return site


@pytest.fixture
def open_site(site: Site) -> Iterator[Site]:
    """The site without rules of ours, and shown to be open: what is shut later was open before."""
    assert site.apply(None).rc == 0
    assert site.answers_controller(PORT)
    assert site.answers_neighbour(PORT)
    yield site


@pytest.mark.parametrize("release", RELEASES)
def test_dry_run_on_a_blank_host_is_right_and_leaves_no_trace(
    bare: dict[str, World], release: str, tmp_path: Path
) -> None:
    world = bare[release]
    assert not world.run("command -v dockerd iptables").succeeded, "the host is not blank"
    site, before = Site(world, world, tmp_path), world.snapshot()
    assert site.foresees_change([{"source": "10.0.0.0/8"}])
    assert not site.foresees_change(None)
    assert differences(before, world.snapshot()) == {}


def test_only_listed_sources_reach_the_ports_that_are_listed_for_them(open_site: Site) -> None:
    site = open_site
    assert site.apply([{"source": site.controller, "ports": [PORT]}]).changed
    assert site.answers_controller(PORT)
    assert not site.answers_controller(OTHER_PORT)
    assert not site.answers_neighbour(PORT)
    assert not site.answers_neighbour(OTHER_PORT)

    assert site.apply([{"source": f"{site.neighbour.address}/32"}]).changed
    assert not site.answers_controller(PORT)
    assert site.answers_neighbour(PORT)
    assert site.answers_neighbour(OTHER_PORT)


def test_containers_still_talk_out(open_site: Site) -> None:
    """To another machine, whose port is open to this world."""
    site = open_site
    assert site.apply([]).changed
    listen = "busybox nc -l -p 7070"
    greet = f"docker run --rm small /bin/busybox sh -c 'echo out | busybox nc {site.neighbour.address} 7070'"
    heard = subprocess.Popen(
        ["ssh", "-F", str(site.neighbour.ssh_config), site.neighbour.name, listen], stdout=subprocess.PIPE, text=True
    )
    wait_for(lambda: site.neighbour.run("grep -i :1B9E /proc/net/tcp*").succeeded, 20, "the neighbour to listen")
    site.world.check_output(greet)
    assert heard.communicate(timeout=20)[0] == "out\n"


DAMAGES = {
    "flushed chain": "iptables -F PREPROD",
    "jump gone": "iptables -D DOCKER-USER -j PREPROD",
    "jump not first": "iptables -I DOCKER-USER -s 192.0.2.1 -j RETURN",
    "jump twice": "iptables -A DOCKER-USER -j PREPROD",
    "rule too many": "iptables -I PREPROD -j RETURN",
    "IPv6 rules gone": "ip6tables -F PREPROD",
    "not enabled": "systemctl disable preprod-firewall",
    "script edited": "echo '# mine' >>/usr/local/sbin/preprod-firewall",
    "unit open to writing": "chmod 0666 /etc/systemd/system/preprod-firewall.service",
}


def test_every_damage_is_foreseen_and_repaired_and_a_second_run_changes_nothing(open_site: Site) -> None:
    site, allow = open_site, [{"source": "192.0.2.0/24", "ports": [PORT]}]
    assert site.apply(allow).changed
    assert not site.apply(allow).changed
    for damage, command in DAMAGES.items():
        site.world.check_output(command)
        assert site.foresees_change(allow), damage
        assert site.apply(allow).changed, damage
        assert not site.foresees_change(allow), damage
        assert not site.answers_controller(PORT), damage
    site.world.check_output("iptables -D DOCKER-USER -s 192.0.2.1 -j RETURN")


def test_rules_of_the_operator_keep_their_place(open_site: Site) -> None:
    site, world = open_site, open_site.world
    world.check_output(
        "iptables -I DOCKER-USER -s 198.51.100.7 -j DROP; iptables -I DOCKER-USER 2 -p udp -m comment --comment "
        "'PREPROD is not mine' -j ACCEPT; iptables -A INPUT -s 198.51.100.8 -j DROP; iptables -N MINE; "
        "iptables -t nat -A PREROUTING -p tcp --dport 9 -j DNAT --to-destination 198.51.100.9"
    )
    before = site.rules()
    for allow in ([{"source": "192.0.2.0/24"}], [{"source": "192.0.2.0/24"}], [{"source": "2001:db8::/32"}]):
        assert site.apply(allow).rc == 0
        ours = [line for line in site.rules() if line not in before]
        assert "-A DOCKER-USER -j PREPROD" in ours
        # The host's IPv6 table has a DOCKER-USER only where one of us made it.
        assert all("PREPROD" in line or line == ":DOCKER-USER -" for line in ours), ours
        assert [line for line in site.rules() if "PREPROD -" not in line and "-j PREPROD" not in line][
            : len(before)
        ] or ours
    assert site.apply(None).changed
    assert site.rules() == before
    world.check_output(
        "iptables -D DOCKER-USER 1; iptables -D DOCKER-USER 1; iptables -F INPUT; iptables -X MINE; "
        "iptables -t nat -D PREROUTING -p tcp --dport 9 -j DNAT --to-destination 198.51.100.9"
    )


def test_rules_outlive_a_restart_of_the_engine_and_a_reboot(open_site: Site) -> None:
    site, world, allow = open_site, open_site.world, [{"source": f"{open_site.neighbour.address}/32"}]
    assert site.apply(allow).changed
    for again in (lambda: world.check_output("systemctl restart docker"), world.reboot):
        again()
        site.wait_for_web_server()
        assert site.answers_neighbour(PORT)
        assert not site.answers_controller(PORT)
        assert not site.foresees_change(allow)


def test_at_boot_the_rules_are_there_before_the_engine(open_site: Site) -> None:
    site, world = open_site, open_site.world
    assert site.apply([]).changed
    world.reboot()
    show = "systemctl show --value -p {} {}"
    ready = int(world.check_output(show.format("ActiveEnterTimestampMonotonic", "preprod-firewall")))
    engine = int(world.check_output(show.format("ExecMainStartTimestampMonotonic", "docker")))
    assert 0 < ready <= engine


def test_absent_takes_everything_of_ours_and_nothing_else(open_site: Site) -> None:
    site, world = open_site, open_site.world
    places = ("/etc", "/usr/local", "/run")
    files, rules = world.snapshot(places), site.rules()
    assert site.apply([{"source": "192.0.2.0/24"}]).changed
    assert "/usr/local/sbin/preprod-firewall" in world.snapshot(places)
    world.check_output("rm /usr/local/sbin/preprod-firewall")
    assert site.foresees_change(None)
    assert site.apply(None).changed
    assert site.rules() == rules
    left = [path for path in differences(files, world.snapshot(places)) if "firewall" in path or "systemd/system" in path]
    assert left == []
    assert not site.apply(None).changed


def test_an_engine_that_keeps_out_of_iptables_is_an_error(open_site: Site) -> None:
    site, world = open_site, open_site.world
    world.check_output("""echo '{"iptables": false}' >/etc/docker/daemon.json; systemctl stop docker docker.socket""")
    world.check_output("iptables -D FORWARD -j DOCKER-USER; systemctl start docker")
    for _ in range(2):
        run = site.apply([])
        assert run.rc == 1
        assert 'take "iptables": false' in run.log
    world.check_output("rm /etc/docker/daemon.json; systemctl restart docker")
    site.wait_for_web_server()
    assert site.apply([]).rc == 0


@pytest.fixture
def without_systemd(bare: dict[str, World]) -> Iterator[str]:
    """A container with iptables whose PID 1 is no systemd; the chains stand for an engine."""
    image = world_image("bookworm")
    name = docker("run", "-d", "--cap-add=NET_ADMIN", "--entrypoint=sleep", image, "infinity").strip()
    try:
        docker("exec", name, "sh", "-c", "apt-get update -qq && apt-get install -y -qq iptables")
        docker("exec", name, "sh", "-c", "iptables -N DOCKER-USER; iptables -A FORWARD -j DOCKER-USER")
        yield name
    finally:
        docker("rm", "-f", name)


def test_a_host_without_systemd_gets_an_init_script(without_systemd: str, tmp_path: Path) -> None:
    def run(allow: Allow | None) -> Run:
        inventory = tmp_path / "inventory.py"
        inventory.write_text(f"hosts = [('@docker/{without_systemd}', {{'allow': {allow!r}}})]\n")
        return run_pyinfra(tmp_path, str(inventory), "-y")

    allow: Allow = [{"source": "192.0.2.0/24"}]
    assert run(allow).changed
    assert not run(allow).changed
    docker("exec", without_systemd, "sh", "-c", "ls /etc/rc2.d/S??preprod-firewall /etc/init.d/preprod-firewall")
    docker("exec", without_systemd, "sh", "-c", "iptables -F PREPROD; service preprod-firewall start")
    assert not run(allow).changed
    assert run(None).changed
    assert docker("exec", without_systemd, "find", "/etc", "/usr", "/run", "-name", "*preprod-firewall*") == ""
    assert not run(None).changed
