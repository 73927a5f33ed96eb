# $1 project. Sets $alertmanager to the id of its running Alertmanager, empty where none runs.
find_alertmanager() {
  alertmanager=$(docker ps -q --filter "label=com.docker.compose.project=$1" \
    --filter label=com.docker.compose.service=alertmanager | head -n 1)
}
tool() { docker exec "$alertmanager" amtool --alertmanager.url http://127.0.0.1:9093 --timeout 10s "$@"; }
# Ends every silence that a deploy made, one that died among them.
expire() {
  silences=$(tool silence query --quiet --created-by preprod) || return 1
  # shellcheck disable=SC2086 # a word list
  if [ -n "$silences" ]; then tool silence expire $silences; fi
}
