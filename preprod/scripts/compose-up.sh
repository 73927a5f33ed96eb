# $1 project, then options and the services to bring up: these alone, the order is ours.
#include compose-diagnose
project=$1
shift
docker compose --progress quiet --project-directory "$BASE" -p "$project" -f "$BASE/compose.yaml" \
  up -d --no-deps "$@" || {
  diagnose "$project"
  exit 1
}
