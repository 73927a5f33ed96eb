"""Every container as the catalogue states it: by the engine's description, and by what the kernel enforces."""

from __future__ import annotations

from verify.nouns.compose import Compose
from verify.nouns.connection import ENGINE_SOCKET
from verify.nouns.container import Container
from verify.nouns.deployment import Deployment

ROOTS = {"engine-proxy": "owner of the engine's socket", "alloy": "owner of the logs of containers"}
"""Services that run as root, and as what."""

SOCKETS = {
    "engine-proxy": {ENGINE_SOCKET},
    # All of the host, read-only, as nobody: that user cannot connect to the socket.
    "node-exporter": {"/"},
}
"""Services that see the engine's socket, and through which mount."""


def test_it_runs_as_its_own_user(container: Container) -> None:
    wanted = f"{container.wanted.uid}:{container.wanted.gid}"
    assert container.user == wanted, f"{container} should run as {wanted}"
    assert container.wanted.uid > 0 or container.service in ROOTS, f"{container} should not run as root"


def test_root_in_a_container_has_no_capability(container: Container) -> None:
    # Whoever runs as root does so for the files that root owns, and for nothing else.
    assert container.wanted.uid > 0 or not container.given_back, f"{container} should get back no capability"


def test_its_root_is_read_only(container: Container) -> None:
    assert container.has_read_only_root, f"{container} should have a read-only root file system"


def test_it_drops_every_capability_but_the_named_ones(container: Container) -> None:
    wanted = set(container.wanted.capabilities)
    assert container.dropped == {"ALL"}, f"{container} should drop all capabilities"
    assert container.given_back == wanted, f"{container} should get back {wanted or 'no capability'}"


def test_it_gains_no_privileges(container: Container) -> None:
    options = container.security_options
    assert options == {"no-new-privileges:true"}, f"{container} should have no other security options"
    assert not container.is_privileged, f"{container} should not be privileged"


def test_it_shares_no_namespace_with_the_host(container: Container) -> None:
    assert container.host_namespaces == set(), f"{container} should have namespaces of its own"
    assert container.devices == [], f"{container} should have no devices of the host"


def test_its_memory_processors_and_processes_are_limited(container: Container, deployment: Deployment) -> None:
    found = (container.memory_bytes, container.cpus, container.pids)
    wanted = (container.wanted.memory_mb * 2**20, deployment.cpus(container.component), container.wanted.pids)
    assert found == wanted, f"{container}: memory in bytes, processors and pids"


def test_it_mounts_what_is_declared(container: Container, compose: Compose) -> None:
    wanted = compose.mounts(container.service)
    assert container.mounts == wanted, f"{container} should mount what the Compose files declare"


def test_it_writes_only_to_its_volume(container: Container, deployment: Deployment) -> None:
    writable = {mount.path for mount in container.mounts if mount.writable}
    wanted = {container.wanted.data_path} - {None} if container.service in deployment.services else set()
    assert writable == wanted, f"{container} should have no writable mounts but {wanted or 'none'}"
    assert container.tmpfs == deployment.tmpfs(container.component), f"{container}: paths in memory"


def test_it_has_no_engine_socket(container: Container) -> None:
    sockets = {mount.source for mount in container.mounts if mount.source.endswith((".sock", "/run", "/"))}
    assert sockets == SOCKETS.get(container.service, set()), f"what {container} reaches of the host's sockets"


def test_its_restart_policy_brings_it_back(container: Container, deployment: Deployment) -> None:
    wanted = "no" if container.service in deployment.one_shot else "unless-stopped"
    assert container.restart_policy == wanted, f"{container} should have the restart policy {wanted}"


def test_its_log_is_rotated(container: Container) -> None:
    assert container.log_driver == "json-file", f"{container} should log to json-file"
    assert container.log_options.keys() >= {"max-size", "max-file"}, f"{container} should rotate its log"


def test_the_kernel_sees_its_own_user(running: Container) -> None:
    seen = (running.process.uids, running.process.gids)
    assert seen == ({running.wanted.uid}, {running.wanted.gid}), f"uids and gids of the first process of {running}"


def test_the_kernel_gives_it_no_other_capability(running: Container) -> None:
    wanted = set(running.wanted.capabilities)
    assert running.process.effective <= wanted, f"the first process of {running} has more capabilities"
    assert running.process.obtainable == wanted, f"the first process of {running} could get other capabilities"


def test_the_kernel_lets_it_gain_no_privileges(running: Container) -> None:
    assert running.process.gains_no_privileges, f"the first process of {running} should have no_new_privs set"
    assert running.process.filters_system_calls, f"the first process of {running} should have a seccomp filter"


def test_the_kernel_refuses_a_write_to_its_root(running: Container) -> None:
    answer = running.process.answer_to_write
    assert "Read-only file system" in answer, f"even root should not be able to write to the root of {running}"
