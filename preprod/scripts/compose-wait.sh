# $1 project, $2 seconds to wait at most for containers that have not settled.
#include compose-containers
project=$1
deadline=$(($(date +%s) + $2))
found=$(look)
while [ "$(date +%s)" -lt "$deadline" ] && echo "$found" | grep -Eq ' (starting|restarting|created) '; do
  sleep 0.5
  found=$(look)
done
printf '%s\n' "$found"
