"""A secret on a host. Its value never leaves the host: every comparison is made there."""

from __future__ import annotations

from dataclasses import dataclass

from preprod.paths import BASE
from verify.nouns.target import Target

_SAME = 'first=$1; shift; for copy; do cmp -s "$first" "$copy" || echo "$copy"; done'

# $1 file of the secret, $2 project, $3 base directory; prints every place that holds the value, as it is, as text in
# JSON, or in base64. The value is on no command line and in no variable: grep reads it as a list of patterns.
_LEAKS = r"""
secret=$1 project=$2 base=$3
patterns() {
  { cat "$secret"; echo; sed 's/[\\"]/\\&/g' "$secret"; echo; base64 -w 0 "$secret"; echo; } | grep .
}
seek() { { patterns | grep -qaF -f - /dev/fd/3; } 3<&0 && echo "$1"; }
[ -s "$secret" ] || { echo "cannot be read or is empty" >&2; exit 1; }
containers=$(docker ps -aq --no-trunc)
ours=$(docker ps -aq --no-trunc --filter "label=com.docker.compose.project=$project")
for id in $containers; do
  docker inspect "$id" | seek "docker inspect of container $(docker inspect --format '{{.Name}}' "$id")"
done
for image in $(docker inspect --format '{{.Image}}' $ours | sort -u); do
  docker image inspect "$image" | seek "docker image inspect $image"
  docker history --no-trunc "$image" | seek "docker history $image"
done
for id in $ours; do
  name=$(docker inspect --format '{{.Name}}' "$id")
  docker logs "$id" 2>&1 | seek "log of container $name"
  for process in $(grep -ls "$id" /proc/[0-9]*/cgroup); do
    patterns | grep -qsaF -f - "${process%/cgroup}/environ" && echo "environment of a process in container $name"
  done
done
patterns | grep -lsaF -f - /proc/[0-9]*/cmdline | sed 's/^/command line: /'
patterns | grep -rlsaF -f - "$base" | sed 's/^/file /'
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
        project = self._target.deployment.project
        return self._target.output(_LEAKS, self.copies[0].path, project, BASE).splitlines()
