# $1 project, then "--remove-orphans" or the services to bring up.
#include compose-diagnose
project=$1
shift
docker compose --progress quiet --project-directory "$BASE" -p "$project" -f "$BASE/compose.yaml" up -d "$@" || {
  diagnose "$project"
  exit 1
}
