"""The image of a world: what a cloud image of Debian holds, and what makes a container boot like a machine."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .commands import check, docker, execute, need

RELEASES = ("bookworm", "trixie")
DEFAULT_MIRROR = "http://deb.debian.org/debian"
REPOSITORY = "socialize-preprod-world"
PACKAGES = ("systemd", "systemd-sysv", "dbus", "openssh-server", "ca-certificates", "iproute2", "procps")
INIT = "/usr/local/sbin/world-init"

# Runs before systemd. The container's cgroup namespace makes its own cgroup the root that systemd and the
# nested engine see; the engine mounts it read-only unless --privileged, hence the bind remount.
# Kernel settings outside net/ are not namespaced: left writable, a booting world would set those of the outer
# machine (Debian ships a sysctl.d for fs.protected_*). Debian 13's systemd refuses cgroup v1 unless forced.
_INIT_SCRIPT = """\
#!/bin/sh
set -eu
for path in $(awk '$2 ~ "^/sys/fs/cgroup(/|$)" { print $2 }' /proc/self/mounts); do
    mount -o remount,bind,rw "$path"
done
mount --bind /proc/sys /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,ro /proc/sys
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    export SYSTEMD_PROC_CMDLINE="SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 systemd.unified_cgroup_hierarchy=0"
fi
exec /sbin/init
"""

# On a cloud image cloud-init makes the host keys, before Debian's own check (`sshd -t`) wants them.
_HOST_KEYS = """\
[Service]
ExecStartPre=
ExecStartPre=/usr/bin/ssh-keygen -A
ExecStartPre=/usr/sbin/sshd -t
"""

# systemd skips all settings where /proc/sys is read-only; here those below net/ can be applied.
_SYSCTL = """\
[Unit]
ConditionPathIsReadWrite=
ConditionPathIsReadWrite=/proc/sys/net
"""

_KEYS_ONLY = "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"

FILES = {
    INIT: (0o755, _INIT_SCRIPT),
    "/etc/systemd/system/ssh.service.d/host-keys.conf": (0o644, _HOST_KEYS),
    "/etc/systemd/system/systemd-sysctl.service.d/net-only.conf": (0o644, _SYSCTL),
    "/etc/ssh/sshd_config.d/keys-only.conf": (0o644, _KEYS_ONLY),
}


def debian_mirror() -> str:
    """URL of the Debian mirror: PREPROD_DEBIAN_MIRROR, else the outer host's first http one, else Debian's."""
    if given := os.environ.get("PREPROD_DEBIAN_MIRROR"):
        return given.rstrip("/")
    listed = [path.read_text() for path in _source_files()]
    found = re.search(r"^(?:deb|URIs:)\s.*?(http://\S+/debian)/?(?:\s|$)", "\n".join(listed), re.MULTILINE)
    return found[1] if found else DEFAULT_MIRROR


def _source_files() -> list[Path]:
    apt = Path("/etc/apt")
    files = [
        apt / "sources.list",
        *sorted(apt.glob("sources.list.d/*.list")),
        *sorted(apt.glob("**/*.sources")),
    ]
    return [path for path in files if path.is_file()]


def world_image(release: str) -> str:
    """Reference of the local image of `release`, built (about 20 s) when its recipe has none yet."""
    sources = _apt_sources(release, debian_mirror())
    recipe = json.dumps([release, sources, PACKAGES, FILES])
    reference = f"{REPOSITORY}/{release}:{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    with one_at_a_time(reference):
        if not execute(["docker", "image", "inspect", reference]).succeeded:
            _build(release, sources, reference)
    return reference


def _apt_sources(release: str, mirror: str) -> list[str]:
    """Main, updates and security; a mirror keeps `debian-security` beside `debian`, as Debian's own does."""
    return [
        f"deb {mirror} {release} main",
        f"deb {mirror} {release}-updates main",
        f"deb {mirror}-security {release}-security main",
    ]


def _build(release: str, sources: list[str], reference: str) -> None:
    need("mmdebstrap", "mmdebstrap")
    with tempfile.TemporaryDirectory(prefix="world-image-") as scratch:
        overlay, root = Path(scratch, "overlay.tar"), Path(scratch, "root.tar")
        overlay.write_bytes(tar_of(FILES))
        hooks = [f"--customize-hook=tar-in {overlay} /", '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_*']
        command = ["mmdebstrap", "--variant=minbase", "--include=" + ",".join(PACKAGES), *hooks]
        check([*command, release, str(root), *sources], timeout=900)
        docker("import", "--change", f'CMD ["{INIT}"]', str(root), reference)


@contextmanager
def one_at_a_time(what: str) -> Iterator[None]:
    """Test runs at the same time wait for each other here, instead of making the same thing twice."""
    with Path(tempfile.gettempdir(), what.strip("/").replace("/", "-") + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def tar_of(files: dict[str, tuple[int, str]], directories: dict[str, int] | None = None) -> bytes:
    """A tar stream, all owned by root, of `{path: (mode, text)}` and, before them, `{directory: mode}`."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, mode in (directories or {}).items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            archive.addfile(entry)
        for path, (mode, text) in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.mode, entry.size = mode, len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return stream.getvalue()
