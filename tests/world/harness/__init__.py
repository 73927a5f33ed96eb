"""Throw-away hosts for tests: containers that boot, are reached and reboot like bare remote machines.

They need a Docker engine, mmdebstrap and an OpenSSH client on the machine that runs the tests.
"""

from .commands import Result, WorldError, wait_for
from .images import RELEASES
from .run import WorldRun, remove_stale, world_run
from .snapshot import VOLATILE, Entry, Snapshot, differences
from .world import World

__all__ = [
    "RELEASES",
    "VOLATILE",
    "Entry",
    "Result",
    "Snapshot",
    "World",
    "WorldError",
    "WorldRun",
    "differences",
    "remove_stale",
    "wait_for",
    "world_run",
]
