"""Who reaches a published port: asked from outside, by a listed and by an unlisted source, over real networks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from firewall_site import OTHER_PORT, PORT, Allow, Run, Site, run_pyinfra
from harness import RELEASES, World, differences, wait_for
from harness.commands import docker
from harness.images import world_image
from test_harness import install_engine


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
def open_site(site: Site) -> Site:
    """The site without rules of ours, and shown to be open: what is shut later was open before."""
    assert site.apply(None).rc == 0
    assert site.answers_controller(PORT)
    assert site.answers_neighbour(PORT)
    return site


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
    # Its own input stays open: at the end of that it would hang up, perhaps on a greeting that is yet to come.
    heard = subprocess.Popen(
        ["ssh", "-F", str(site.neighbour.ssh_config), site.neighbour.name, listen],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
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


def damages(release: str) -> dict[str, str]:
    """All of them on one release, a few that concern the rules on the other."""
    few = ("flushed chain", "jump not first", "IPv6 rules gone")
    return {name: command for name, command in DAMAGES.items() if release == RELEASES[0] or name in few}


def test_every_damage_is_foreseen_and_repaired_and_a_second_run_changes_nothing(open_site: Site) -> None:
    site, allow = open_site, [{"source": "192.0.2.0/24", "ports": [PORT]}]
    assert site.apply(allow).changed
    assert not site.apply(allow).changed
    for damage, command in damages(site.world.release).items():
        site.world.check_output(command)
        assert site.foresees_change(allow), damage
        assert site.apply(allow).changed, damage
        assert not site.foresees_change(allow), damage
    assert not site.answers_controller(PORT)
    site.world.check_output("iptables -D DOCKER-USER -s 192.0.2.1 -j RETURN")


OPERATORS_RULES = (
    "iptables {I} DOCKER-USER -s 198.51.100.7 -j DROP",
    "iptables {A} DOCKER-USER -p udp -m comment --comment 'PREPROD is not mine' -j ACCEPT",
    "iptables {A} INPUT -s 198.51.100.8 -j DROP",
    "iptables -t nat {A} PREROUTING -p tcp --dport 9 -j DNAT --to-destination 198.51.100.9",
)


@pytest.fixture
def operated_site(open_site: Site) -> Iterator[Site]:
    """The site with rules of its operator's before and behind the engine's own."""
    for rule in OPERATORS_RULES:
        open_site.world.check_output(rule.format(I="-I", A="-A"))
    yield open_site
    for rule in OPERATORS_RULES:
        open_site.world.check_output(rule.format(I="-D", A="-D"))


def test_rules_of_the_operator_keep_their_place(operated_site: Site) -> None:
    site, before = operated_site, operated_site.rules()
    for source in ("192.0.2.0/24", "192.0.2.0/24", "2001:db8::/32"):
        assert site.apply([{"source": source}]).rc == 0
        after = site.rules()
        assert "-A DOCKER-USER -j PREPROD" in after
        assert without_ours(after) == without_ours(before)
        assert next(line for line in after if line.startswith("-A DOCKER-USER")) == "-A DOCKER-USER -j PREPROD"
    assert site.apply(None).changed
    assert site.rules() == before


def without_ours(rules: list[str]) -> list[str]:
    """An engine that leaves IPv6 alone has no DOCKER-USER there: the empty chain is ours too."""
    ours = ("-N PREPROD", "-A PREPROD ", "-A DOCKER-USER -j PREPROD", "-N DOCKER-USER")
    return [rule for rule in rules if not rule.startswith(ours)]


def test_rules_outlive_a_restart_of_the_engine_and_a_reboot(open_site: Site) -> None:
    site, world = open_site, open_site.world
    allow: Allow = [{"source": f"{site.neighbour.address}/32"}]
    assert site.apply(allow).changed
    for again in (lambda: world.check_output("systemctl restart docker"), world.reboot):
        again()
        site.wait_for_web_server()
        assert site.answers_neighbour(PORT)
        assert not site.answers_controller(PORT)
        assert not site.foresees_change(allow)
    assert applied_before_engine(world), "containers were reachable unfiltered at boot"


def applied_before_engine(world: World) -> bool:
    """Microseconds since the kernel's start: the rules' unit was done when the engine's process began."""
    show = "systemctl show --value -p {} {}"
    done = int(world.check_output(show.format("ActiveEnterTimestampMonotonic", "preprod-firewall")))
    return 0 < done <= int(world.check_output(show.format("ExecMainStartTimestampMonotonic", "docker")))


def test_absent_takes_everything_of_ours_and_nothing_else(open_site: Site) -> None:
    site, world, places = open_site, open_site.world, ("/etc", "/usr/local")
    files, rules = world.snapshot(places), site.rules()
    assert site.apply([{"source": "192.0.2.0/24"}]).changed
    assert "/usr/local/sbin/preprod-firewall" in world.snapshot(places)
    world.check_output("rm /usr/local/sbin/preprod-firewall")
    assert site.foresees_change(None)
    assert site.apply(None).changed
    assert site.rules() == rules
    assert differences(files, world.snapshot(places)) == {}
    assert world.run("ls /run/preprod-firewall.*").stdout == ""
    assert not site.apply(None).changed


def test_an_engine_that_keeps_out_of_iptables_is_an_error(open_site: Site) -> None:
    site, world = open_site, open_site.world
    world.check_output("""echo '{"iptables": false}' >/etc/docker/daemon.json; systemctl stop docker.socket docker""")
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
