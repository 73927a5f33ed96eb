# $1 project, then services.
project=$1
shift
docker compose --progress quiet --project-directory "$BASE" -p "$project" -f "$BASE/compose.yaml" restart "$@"
