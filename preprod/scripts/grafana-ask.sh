# Sets $grafana to the address of the Grafana of project $1, empty where none runs.
find_grafana() {
  grafana=
  id=$(docker ps -q --filter "label=com.docker.compose.project=$1" \
    --filter label=com.docker.compose.service=grafana | head -n 1)
  if [ -n "$id" ]; then
    grafana=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{end}}' "$id" |
      grep -m 1 . || true)
  fi
}
# $1 method, $2 path, $3 body. Prints the answer's status, 0 for none, then its body. HTTP by hand: bash is on every
# host, curl is not, and what printf writes is on no command line.
ask() {
  login=$(printf 'admin:%s' "$(cat "$SECRETS/grafana/grafana_admin_password")" | base64 | tr -d '\n')
  answer=$(
    printf '%s %s HTTP/1.0\r\nHost: grafana\r\nAuthorization: Basic %s\r\nContent-Type: application/json\r\n' \
      "$1" "$2" "$login" |
      { cat; printf 'Content-Length: %d\r\n\r\n%s' "$(printf %s "$3" | wc -c)" "$3"; } |
      timeout 30 bash -c "exec 3<>/dev/tcp/$grafana/3000 && cat >&3 && cat <&3" 2>/dev/null
  ) || answer=
  printf '%s\n' "$answer" | tr -d '\r' | awk 'NR == 1 {print $2 + 0} NR > 1 && body; $0 == "" {body = 1}'
}
# Like ask, but an answer other than 200 is the end, and is shown.
must() {
  said=$(ask "$@")
  status=$(printf '%s\n' "$said" | head -n 1)
  if [ "$status" = 0 ]; then
    echo "Grafana does not answer: docker compose --project-directory $BASE logs grafana says why" >&2
    exit 1
  elif [ "$status" != 200 ]; then
    echo "Grafana answers $1 $2 with $status: $(printf '%s\n' "$said" | tail -n +2 | head -c 300)" >&2
    exit 1
  fi
  printf '%s\n' "$said" | tail -n +2
}
