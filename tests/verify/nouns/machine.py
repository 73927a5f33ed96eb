"""The host itself, as its kernel describes it."""

from __future__ import annotations

from verify.nouns.target import Target


class Machine:
    """Its clock, and figures that do not change while it runs."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def now(self) -> float:
        """Unix time by its own clock, which is that of everything on it."""
        return float(self._target.output("date +%s.%N"))

    @property
    def memory_bytes(self) -> int:
        """All memory: MemTotal of proc_meminfo(5), which counts in KiB."""
        return 1024 * int(self._target.output("sed -n 's/^MemTotal: *\\([0-9]*\\) kB$/\\1/p' /proc/meminfo"))

    @property
    def boot_time(self) -> int:
        """Unix time of the last start: btime of proc_stat(5)."""
        return int(self._target.output("sed -n 's/^btime //p' /proc/stat"))

    @property
    def root_bytes(self) -> int:
        """Size of the root file system, as statvfs(3) tells."""
        blocks, size = self._target.output("stat -f -c '%b %S' /").split()
        return int(blocks) * int(size)
