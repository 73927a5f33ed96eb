#!/bin/sh
# $1 port, $2 prefix of its metrics, then the command that checks its files: has the program that is process 1 read
# them again. For Prometheus and Alertmanager: their HTTP endpoints for this are none, or tell less.
set -eu
port=$1 prefix=$2
shift 2

metrics() {
  if command -v wget >/dev/null; then
    wget -q -O - "http://127.0.0.1:$port/metrics"
  else
    # Debian's minimal base has no wget; there this script runs in bash.
    # shellcheck disable=SC3025
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
    cat <&3
  fi
}
value() { metrics | sed -n "s/^${prefix}_config_last_reload_$1 //p"; }

before=$(value success_timestamp_seconds)
bad=$(value successful)
kill -HUP 1
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
  if [ "$(value success_timestamp_seconds)" != "$before" ]; then exit 0; fi
  # Where the last try had failed as well, a refusal looks like no answer: the loop ends by itself.
  if [ "$bad" = 1 ] && [ "$(value successful)" = 0 ]; then break; fi
  sleep 1
done
"$@" || exit 1
echo "$prefix has not taken its new files, and finds no fault in them: its log says more"
exit 1
