# $1 service; then further options. Prints the ids of its containers in project $project.
of_service() {
  of=$1
  shift
  docker ps -aq --no-trunc --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$of" --filter label=com.docker.compose.oneoff=False "$@"
}
