"""A secret on a host. Its value never leaves the host: every comparison is made there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from preprod.paths import BASE
from verify.nouns.target import Target

_SAME = 'first=$1; shift; for copy; do cmp -s "$first" "$copy" || echo "$copy"; done'

# $1 project, $2 base directory, further ones: files of secrets; prints every place that holds a value of them, as it
# is, as text in JSON, or in base64. No value is on a command line or in an environment: grep reads all of them as a
# list of patterns, which the shell's own printf writes.
_LEAKS = r"""
project=$1 base=$2
shift 2
for secret; do [ -s "$secret" ] || { echo "$secret cannot be read or is empty" >&2; exit 1; }; done
patterns=$(for secret; do
  cat "$secret"; echo; sed 's/[\\"]/\\&/g' "$secret"; echo; base64 -w 0 "$secret"; echo
done | grep .)
seek() { printf '%s\n' "$patterns" | LC_ALL=C grep -saF -f - "$@"; }
holds() { seek -q /dev/fd/3; } 3<&0
name() { docker inspect --format '{{.Name}}' "$1"; }
containers=$(docker ps -aq --no-trunc)
ours=$(docker ps -aq --no-trunc --filter "label=com.docker.compose.project=$project")
for id in $containers; do
  docker inspect "$id" | holds && echo "docker inspect of container $(name "$id")"
done
for image in $(docker inspect --format '{{.Image}}' $ours | sort -u); do
  docker image inspect "$image" | holds && echo "docker image inspect $image"
  docker history --no-trunc "$image" | holds && echo "docker history $image"
done
for id in $ours; do
  docker logs "$id" 2>&1 | holds && echo "log of container $(name "$id")"
  environments=$(grep -ls "$id" /proc/[0-9]*/cgroup | sed 's/cgroup$/environ/')
  [ -n "$environments" ] && seek -q $environments && echo "environment of a process in container $(name "$id")"
done
seek -l /proc/[0-9]*/cmdline | sed 's/^/command line: /'
seek -rl "$base" | sed 's/^/file /'
exit 0
"""


@dataclass(frozen=True)
class SecretCopy:
    """The copy that one service reads."""

    directory: str
    path: str

    @property
    def service(self) -> str:
        return self.directory.rsplit("/", 1)[1]


class Secret:
    """One secret and its copies."""

    def __init__(self, target: Target, name: str) -> None:
        self._target = target
        self.name = name
        self.copies = [SecretCopy(place, f"{place}/{name}") for place in target.deployment.secrets[name]]

    def __repr__(self) -> str:
        return f"secret {self.name} on {self._target}"

    @property
    def differing(self) -> list[str]:
        """Copies that are not equal to the first, or cannot be read."""
        return self._target.output(_SAME, *(copy.path for copy in self.copies)).split()

    @property
    def is_empty(self) -> bool:
        return bool(self._target.run('[ -s "$1" ]', self.copies[0].path).rc)

    @property
    def leaks(self) -> list[str]:
        """Places besides its files that hold the value: containers, images, logs, processes, deployed files."""
        every = [f"{places[0]}/{name}" for name, places in self._target.deployment.secrets.items()]
        return list(_leaks(self._target, self.copies[0].path)) if _leaks(self._target, *every) else []


@cache
def _leaks(target: Target, *files: str) -> tuple[str, ...]:
    """Places that hold the value of one of these files; to search takes as long for all of them as for one."""
    return tuple(target.output(_LEAKS, target.deployment.project, BASE, *files).splitlines())
