# $1 prefix of repositories. A line for each reference below it: whether a container was made of its image. Then the
# references that deploys made use of, the latest last.
#include docker-inspect
prefix=$1
# shellcheck disable=SC2046 # one word a container
set -- $(docker ps -aq)
used=$(inspect '{{.Image}}' "$@")
docker image ls --no-trunc --filter "reference=$prefix/*" --format '{{.ID}} {{.Repository}}:{{.Tag}}' |
  while read -r id reference; do
    case $used in *"$id"*) echo "used $reference" ;; *) echo "idle $reference" ;; esac
  done
if [ -f "$STATE/deployed-images" ]; then sed 's/^/deployed /' "$STATE/deployed-images"; fi
