# $1 project, $2 seconds to wait at most for containers that have not settled, $3 services that end by themselves, as an
# extended regular expression.
#include compose-containers
project=$1 once=$3
unsettled() {
  echo "$found" | grep -Eq " (starting|restarting|created) |^have ($once) [^ ]* running "
}
deadline=$(($(date +%s) + $2))
found=$(look)
while [ "$(date +%s)" -lt "$deadline" ] && unsettled; do
  sleep 0.5
  found=$(look)
done
printf '%s\n' "$found"
