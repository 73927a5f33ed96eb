# $1 project, $2 service, $3 digest of its files; then the files, "--", and the command to run in its container.
#include bundle-previous
#include compose-of-service
project=$1 service=$2 digest=$3
shift 3
files=
while [ "$1" != -- ]; do
  files="$files $1"
  shift
done
shift
id=$(of_service "$service" --filter status=running | head -n 1)
if said=$(docker exec "$id" "$@" 2>&1); then
  install -d -m 0700 "$STATE/reloaded"
  echo "$id $(docker inspect --format '{{.State.StartedAt}}' "$id") $digest" >"$STATE/.stamp"
  mv "$STATE/.stamp" "$STATE/reloaded/$service"
  # shellcheck disable=SC2086 # a word list
  forget $files
  exit 0
fi
echo "$service refuses its new configuration; the old one is back. It says:" >&2
echo "$said" | tail -n 5 >&2
# shellcheck disable=SC2086 # a word list
restore $files
exit 1
