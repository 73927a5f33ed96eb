"""For pytest-xdist: what shares a world runs in one process, what does not may run beside it.

Its own groups (``--dist=loadgroup``) mean nothing with pytest 9.2, whose node ids can no longer be given a suffix.
"""

from __future__ import annotations

from pathlib import PurePath

from harness import RELEASES
from xdist.scheduler import LoadScopeScheduling

EACH_ITS_OWN = ("test_outage",)
"""Files whose tests bring up a world each."""

ONE_FOR_ALL = ("test_published_ports", "test_docker_repository")
"""Files whose tests share worlds of their own, whatever the release."""


def scope(nodeid: str) -> str:
    """Tests of one scope run one after the other in one process."""
    file, _, test = nodeid.partition("::")
    path = PurePath(file)
    if path.parent.name != "world" or path.stem in EACH_ITS_OWN:
        return nodeid
    release = next((name for name in RELEASES if name in test), None)
    if release is None or path.stem in ONE_FOR_ALL:
        return path.stem
    return f"{'world' if path.stem == 'test_harness' else 'package'}-{release}"


class WorldScheduling(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)
