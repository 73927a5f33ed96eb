# $1 project, $2 service. A container of it that does not run serves nobody and would count as one of the wanted number.
#include compose-command
#include compose-diagnose
#include compose-of-service
project=$1 service=$2
for id in $(of_service "$service" --filter status=exited --filter status=created --filter status=dead); do
  docker rm -f "$id" >/dev/null
done
number=$(($(of_service "$service" | wc -l) + 1))
compose up -d --no-deps --no-recreate --scale "$service=$number" "$service" || {
  diagnose "$project"
  exit 1
}
