"""Who started a world, so that worlds of a run that died can be told from those of a run that lives."""

from __future__ import annotations

import os
from pathlib import Path


def this_controller() -> str:
    """This process as `<pid namespace>:<pid>:<start time>`; a pid alone could be given out again."""
    return f"{_pid_namespace()}:{os.getpid()}:{_start_time(os.getpid())}"


def is_gone(controller: str) -> bool:
    """Whether the process of `this_controller()` has ended; one of another pid namespace counts as alive."""
    namespace, pid, start_time = controller.split(":")
    return namespace == _pid_namespace() and start_time != _start_time(int(pid))


def _pid_namespace() -> str:
    return str(Path("/proc/self/ns/pid").stat().st_ino)


def _start_time(pid: int) -> str | None:
    """Ticks since boot (proc(5), field 22 of stat), or None when there is no such process or only its zombie."""
    try:
        # the second field, the name in brackets, may itself hold blanks and brackets
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state == "Z" else rest[18]
