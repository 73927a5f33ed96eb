"""The worlds themselves: what the other tests take for granted about them is shown here."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import World, WorldError, WorldRun, commands, differences, remove_stale, wait_for, world_run
from harness.commands import docker, execute
from harness.run import remove_run

HARNESS = Path(__file__).parent
APT = "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends"
SERVED_PORT = 8080
NAMES = "--format={{.Name}}"


@pytest.fixture(scope="session")
def with_engine(world: World) -> World:
    """The world after a Docker engine and a small image were installed in it over SSH."""
    return install_engine(world)


def install_engine(world: World) -> World:
    client = "" if world.release == "bookworm" else "docker-cli"
    world.check_output(f"apt-get update && {APT} docker.io busybox-static {client}")
    world.check_output("tar -C / -c bin/busybox usr/bin/busybox --ignore-failed-read -h | docker import - small")
    return world


def page(world: World) -> str | None:
    """What the web server in a container of `world` answers on its published port; None when it does not."""
    try:
        with urllib.request.urlopen(f"http://{world.address}:{SERVED_PORT}/", timeout=5) as answer:
            return str(answer.read().decode().strip())
    except OSError:
        return None


def orderly_shutdowns(world: World) -> int:
    """How often the journal was closed by a systemd that went down in order."""
    return world.check_output("journalctl --no-pager -o cat").splitlines().count("Journal stopped")


def left_behind(token: str) -> list[str]:
    """Names of containers, volumes, networks and control groups of a run."""
    looks = (("ps", "--all", "--format={{.Names}}"), ("volume", "ls", NAMES), ("network", "ls", NAMES))
    listed = [docker(*look) for look in looks]
    return [name for names in listed for name in names.split() if token in name]


def cgroups(container_id: str) -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"**/*{container_id}*"))


def test_world_is_a_bare_machine(world: World) -> None:
    assert world.check_output("cat /proc/1/comm") == "systemd"
    assert world.check_output("systemctl is-system-running") == "running"
    absent = world.run("command -v docker python3 curl")
    assert absent.stdout == ""
    assert f"VERSION_CODENAME={world.release}" in world.check_output("cat /etc/os-release")


def test_pyinfra_enters_by_the_inventory(world: World, tmp_path: Path) -> None:
    inventory = world.inventory(tmp_path / "inventory.py", greeting="hello")
    command = [
        sys.executable,
        "-m",
        "pyinfra",
        "-y",
        "-v",
        str(inventory),
        "exec",
        "--",
        "cat",
        "/etc/hostname",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert world.name in done.stdout + done.stderr


def test_inventory_refuses_what_is_no_literal(world: World, tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="must be Python literals"):
        world.inventory(tmp_path / "inventory.py", path=Path("/"))


def test_wrong_host_key_is_refused(world: World, new_world: Callable[[str], World]) -> None:
    known, stranger = world.known_hosts.read_text(), new_world(world.release)
    world.hang_up()
    world.known_hosts.write_text(stranger.known_hosts.read_text().replace(stranger.address, world.address))
    refused = world.run("true")
    world.known_hosts.write_text("")
    unknown = world.run("true")
    world.known_hosts.write_text(known)
    assert (refused.rc, unknown.rc, world.run("true").rc) == (255, 255, 0)
    assert "Host key verification failed" in refused.stderr
    assert "Host key verification failed" in unknown.stderr


def test_password_is_no_way_in(world: World) -> None:
    offered = execute(
        [
            "ssh",
            "-F",
            "/dev/null",
            "-o",
            "PreferredAuthentications=none",
            "-o",
            "BatchMode=yes",
            "-o",
            f"UserKnownHostsFile={world.known_hosts}",
            f"root@{world.address}",
        ]
    )
    assert "Permission denied (publickey)." in offered.stderr


def test_snapshot_sees_what_changed_and_nothing_else(world: World) -> None:
    world.check_output("rm -rf /etc/canary /etc/link; ln -s a /etc/link; printf 1 >'/etc/new\nline'")
    before = world.snapshot()
    world.check_output("true")  # a login alone is no change
    assert differences(before, world.snapshot()) == {}
    world.check_output("printf x >/etc/canary; printf 2 >'/etc/new\nline'; ln -sfn b /etc/link; chmod 600 /etc/fstab")
    changed = differences(before, world.snapshot())
    assert set(changed) - {"/etc"} == {"/etc/canary", "/etc/new\nline", "/etc/link", "/etc/fstab"}
    assert changed["/etc/canary"][0] is None
    assert not any(path.startswith(("/proc/", "/sys/", "/run/")) for path in before)


def test_processes_are_command_lines(world: World) -> None:
    world.check_output("systemd-run --unit=marker sleep 4321")
    assert any(line.endswith("sleep 4321") for line in world.processes())
    world.check_output("systemctl stop marker")


def test_kernel_of_the_outer_machine_is_out_of_reach(world: World) -> None:
    assert world.run("echo 1 >/proc/sys/vm/overcommit_memory").rc != 0
    assert world.run("date --set=@0").rc != 0
    world.check_output("echo 1 >/proc/sys/net/ipv4/ip_forward")


def test_engine_runs_containers_and_all_comes_back_after_a_reboot(with_engine: World) -> None:
    world, engine = with_engine, with_engine.check_output("docker info --format '{{.ID}} {{.Driver}}'")
    assert engine.endswith(" overlay2")
    world.check_output("docker network create inner")
    serve = "mkdir -p /www && echo served >/www/index.html && exec /bin/busybox httpd -f -h /www -p 80"
    place = f"--network=inner --publish={SERVED_PORT}:80 --memory=64m"
    options = f"--detach --restart=unless-stopped --stop-signal=SIGKILL {place}"
    world.check_output(f"docker run {options} --name web small /bin/busybox sh -c {serve!r}")
    assert wait_for(lambda: page(world), 30, "the published port") == "served"
    fetch = "docker run --rm --network=inner small /bin/busybox wget -qO- http://web/"
    assert world.check_output(fetch) == "served"
    resolve = "docker run --rm small /bin/busybox nslookup deb.debian.org"
    assert world.run(resolve).succeeded

    assert orderly_shutdowns(world) == 0

    world.reboot()

    assert orderly_shutdowns(world) == 1
    assert wait_for(lambda: page(world), 60, "the published port after the reboot") == "served"
    assert world.check_output(fetch) == "served"
    assert world.check_output("docker info --format '{{.ID}} {{.Driver}}'") == engine


def test_world_comes_back_when_it_reboots_itself(world: World) -> None:
    started = "{{.State.StartedAt}}"
    before = docker("inspect", "--format", started, world.name)
    world.run("systemctl reboot")
    wait_for(lambda: docker("inspect", "--format", started, world.name) != before, 100, "the reboot")
    world.wait_until_up()
    assert world.run("true").succeeded


def test_worlds_reach_each_other_but_have_their_own_engines(
    with_engine: World, new_world: Callable[[str], World]
) -> None:
    neighbour = install_engine(new_world(with_engine.release))
    greeting = with_engine.check_output(f"exec 3<>/dev/tcp/{neighbour.address}/22; head -c 7 <&3")
    assert greeting == "SSH-2.0"
    with_engine.check_output("docker create --name only-here small true")
    assert "only-here" not in neighbour.check_output("docker ps --all")
    identify = "docker info --format '{{.ID}}'"
    assert with_engine.check_output(identify) != neighbour.check_output(identify)
    assert with_engine.known_hosts.read_text() != neighbour.known_hosts.read_text()


def test_removal_leaves_nothing() -> None:
    with world_run() as run:
        world = install_engine(run.new_world("bookworm"))
        world.check_output("docker run --detach --name inside small /bin/busybox sleep 3600")
        outer_id = docker("inspect", "--format", "{{.Id}}", world.name).strip()
        inner_id = world.check_output("docker inspect --format '{{.Id}}' inside")
        assert cgroups(inner_id)
        assert all(outer_id in path.parts for path in cgroups(inner_id))
        assert len(left_behind(run.token)) == 4  # container, two volumes, network
        world.remove()
        assert left_behind(run.token) == [run.network]
    assert left_behind(run.token) == []
    assert cgroups(outer_id) + cgroups(inner_id) == []
    assert not run.directory.exists()


DYING_RUN = """
import os
from harness import WorldRun
run = WorldRun.start(kept={kept})
run.new_world("bookworm")
print(run.token, run.directory, flush=True)
os.kill(os.getpid(), 9)
"""


def dead_run(*, kept: bool) -> tuple[str, str]:
    """Token and directory of a run with one world whose process was killed."""
    script = DYING_RUN.format(kept=kept)
    dead = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=HARNESS)
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    token, directory = dead.stdout.split()
    return token, directory


REMOVAL = "from harness import remove_stale; remove_stale()"


@pytest.mark.parametrize("kept", [False, True])
def test_worlds_of_a_dead_run_go_at_the_next_start_unless_kept(worlds: WorldRun, kept: bool) -> None:
    token, directory = dead_run(kept=kept)
    try:
        assert len(left_behind(token)) == 4
        remove_stale()
        assert len(left_behind(token)) == (4 if kept else 0)
        assert Path(directory).exists() == kept
        assert left_behind(worlds.token) != []
    finally:
        remove_run(token)


def test_processes_that_start_together_remove_a_dead_run_together() -> None:
    token, _ = dead_run(kept=False)
    both = [subprocess.Popen([sys.executable, "-c", REMOVAL], stderr=subprocess.PIPE, cwd=HARNESS) for _ in range(2)]
    complaints = [process.communicate()[1].decode() for process in both]
    assert complaints == ["", ""]
    assert left_behind(token) == []


def test_unknown_release_is_refused_in_one_sentence(worlds: WorldRun) -> None:
    with pytest.raises(WorldError, match="no world for the release 'sid', only for bookworm, trixie"):
        worlds.new_world("sid")


def test_failed_unit_is_named_with_the_end_of_the_journal(world: World) -> None:
    world.run("systemd-run --unit=broken --wait sh -c 'echo last words; exit 3'")
    with pytest.raises(WorldError, match=r"failed units: (?s:.*)broken\.service(?s:.*)last words"):
        world.wait_until_up()
    world.check_output("systemctl reset-failed broken")
    world.wait_until_up()


@pytest.mark.parametrize(
    ("program", "package"),
    [("docker", "docker.io"), ("ssh", "openssh-client"), ("mmdebstrap", "mmdebstrap")],
)
def test_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, package: str) -> None:
    for other in {"docker", "ssh"} - {program}:
        (tmp_path / other).symlink_to(str(shutil.which(other)))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PREPROD_DEBIAN_MIRROR", "http://mirror.invalid/debian")  # no image of this recipe
    with (
        pytest.raises(WorldError, match=f"program '{program}': install the package '{package}'"),
        world_run() as run,
    ):
        run.new_world("bookworm")


def test_missing_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "ENGINE", "unix:///nonexistent.sock")
    with pytest.raises(WorldError, match="worlds need a running Docker engine"):
        WorldRun.start()
