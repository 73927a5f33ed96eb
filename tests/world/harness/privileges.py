"""The engine options that let systemd and a nested engine run where `--privileged` may be refused."""

from __future__ import annotations

from pathlib import Path

# In the order of their numbers, capabilities(7) and linux/capability.h.
CAPABILITIES = """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT
    SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
    SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
"""

# A world may neither load modules into the outer kernel nor set its clock.
WITHHELD = {"SYS_MODULE", "SYS_TIME"}


def engine_options() -> list[str]:
    """Arguments of `docker create`. Asking for a capability that the bounding set lacks fails: those are dropped."""
    dropped = sorted(WITHHELD | _missing(Path("/proc/self/status").read_text()))
    unconfined = [f"--security-opt={wall}=unconfined" for wall in ("seccomp", "apparmor", "systempaths")]
    drops = [f"--cap-drop={name}" for name in dropped]
    return ["--cap-add=ALL", *drops, *unconfined, "--device-cgroup-rule=a *:* rwm", "--cgroupns=private"]


def _missing(status: str) -> set[str]:
    """Names of the capabilities that CapBnd in a /proc/<pid>/status does not hold."""
    line = next(line for line in status.splitlines() if line.startswith("CapBnd:"))
    bounding = int(line.split()[1], 16)
    return {name for number, name in enumerate(CAPABILITIES.split()) if not bounding >> number & 1}
