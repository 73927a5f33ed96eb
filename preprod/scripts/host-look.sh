# What the preflight judges. $1: references a registry should have, in one word list; then references to look for.
#include images-ids
lookup=$1
shift
. /etc/os-release
echo "os $ID ${VERSION_ID-}"
echo "machine $(uname -m)"
echo "uid $(id -u)"
if [ -f /etc/docker/daemon.json ]; then echo "daemon $(base64 </etc/docker/daemon.json | tr -d '\n')"; fi
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" {sub(/.*:/, "", $2); print "listen", $2}' | sort -u
if command -v iptables >/dev/null && iptables -n -L PREPROD >/dev/null 2>&1; then echo "firewall yes"; fi
if version=$(timeout 20 docker version --format '{{.Server.Version}}' 2>/dev/null); then
  echo "engine $version"
  root=$(docker info --format '{{.DockerRootDir}}')
  echo "root $root"
  docker ps --filter "label=com.docker.compose.project=$PROJECT" --format '{{.Ports}}' |
    tr , '\n' | sed -n 's/^.*:\([0-9]*\)->.*/own \1/p' | sort -u
  ids "$@" | sed 's/^\([^ ]*\) .*/image \1/'
  for image in $lookup; do
    docker image inspect "$image" >/dev/null 2>&1 ||
      timeout 30 docker manifest inspect "$image" >/dev/null 2>&1 ||
      echo "unreachable $image"
  done
fi
folder=${root:-/var/lib/docker}
while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
echo "disk $(df -Pk "$folder" | awk 'NR == 2 {print $4}')"
