"""What a container can connect to, tried from within its own network namespace."""

from __future__ import annotations

from collections.abc import Iterable

from verify.nouns.container import Container
from verify.nouns.target import Target

# $1 process, then places as address/port: prints those that take a connection. With the host's own shell, so that the
# image needs none; all at once, because each that is walled off takes its whole time limit.
_TRY = """
process=$1; shift
for place in "$@"; do
  (nsenter --net="/proc/$process/ns/net" timeout 2 bash -c ": </dev/tcp/$place" 2>/dev/null && echo "$place") &
done
wait
"""


def reached(target: Target, origin: Container, places: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those of the places (address and TCP port) that the container can connect to."""
    wanted = [f"{address}/{port}" for address, port in places]
    found = target.output(_TRY, str(origin.pid), *wanted).split()
    return {(address, int(port)) for address, _, port in (place.partition("/") for place in found)}
