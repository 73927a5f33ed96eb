"""A process as the host's kernel sees it."""

from __future__ import annotations

from functools import cached_property

from verify.nouns.target import Target

_BITS = """
CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
"""
CAPABILITIES = tuple(_BITS.split())
"""In the order of their bits: include/uapi/linux/capability.h of Linux 6.12."""

_PROBE = """
if said=$(touch "/proc/$1/root/verify-probe" 2>&1); then
  rm -f "/proc/$1/root/verify-probe"
  echo written
else
  echo "$said"
fi
"""


class Process:
    """The process with this id on the host."""

    def __init__(self, target: Target, pid: int) -> None:
        self._target = target
        self._pid = pid

    @property
    def uids(self) -> set[int]:
        """Real, effective, saved and file system uid."""
        return set(map(int, self._status["Uid"].split()))

    @property
    def gids(self) -> set[int]:
        return set(map(int, self._status["Gid"].split()))

    @property
    def effective(self) -> set[str]:
        """Capabilities that it has."""
        return _names(self._status["CapEff"])

    @property
    def obtainable(self) -> set[str]:
        """Capabilities that it or what it starts could ever have: the bounding set."""
        return _names(self._status["CapBnd"])

    @property
    def gains_no_privileges(self) -> bool:
        return self._status["NoNewPrivs"] == "1"

    @property
    def filters_system_calls(self) -> bool:
        """Whether a seccomp filter is on it (mode 2 of proc_pid_status(5))."""
        return self._status["Seccomp"] == "2"

    @property
    def answer_to_write(self) -> str:
        """What root of the host is told who writes into the root directory that this process sees."""
        return self._target.output(_PROBE, str(self._pid)).strip()

    @cached_property
    def _status(self) -> dict[str, str]:
        lines = self._target.output('cat "/proc/$1/status"', str(self._pid)).splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _names(mask: str) -> set[str]:
    return {name for bit, name in enumerate(CAPABILITIES) if int(mask, 16) >> bit & 1}
