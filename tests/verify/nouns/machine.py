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
    def data_file_system(self) -> tuple[str, int]:
        """Where the file system that holds the engine's data is mounted, and its size in bytes."""
        root = self._target.docker.info()["DockerRootDir"]
        where, size = self._target.output('df --block-size=1 --output=target,size "$1" | tail -n 1', root).split()
        return where, int(size)
