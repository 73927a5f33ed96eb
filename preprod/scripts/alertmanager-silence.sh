# $1 project, $2 seconds; then matchers of the alerts that are not to be sent for so long. No reason to end a deploy.
#include alertmanager-of
find_alertmanager "$1"
seconds=$2
shift 2
if [ -n "$alertmanager" ]; then
  { expire && tool silence add --author preprod --comment 'A deploy goes on' --duration "${seconds}s" "$@" >/dev/null; } ||
    echo "Alertmanager takes no silence: what the deploy upsets will be sent" >&2
fi
