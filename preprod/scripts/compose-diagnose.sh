# Prints of every container of project $1 that is not as it should be: its last health answer, the end of its log.
diagnose() {
  for id in $(docker ps -aq --filter "label=com.docker.compose.project=$1" \
    --filter label=com.docker.compose.oneoff=False); do
    service=$(docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}}' "$id")
    status=$(docker inspect --format '{{.State.Status}}' "$id")
    code=$(docker inspect --format '{{.State.ExitCode}}' "$id")
    health=$(docker inspect --format '{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}' "$id")
    case "$status $code $health" in
      "running 0 healthy" | "running 0 none" | "exited 0 "* | "created "*) continue ;;
    esac
    echo "service $service is $status (exit code $code, health $health)"
    docker inspect "$id" \
      --format '{{if .State.Health}}{{range .State.Health.Log}}{{json .Output}}{{println}}{{end}}{{end}}' |
      sed '/^$/d' | tail -n 1 | sed 's/^/  last health answer: /'
    echo "  end of its log:"
    docker logs --tail 15 "$id" 2>&1 | sed 's/^/    /'
  done >&2
}
