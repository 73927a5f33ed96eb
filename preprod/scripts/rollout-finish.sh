# $1 project, $2 service, $3 the container that stays: requests are led to it, then the others drain and go. Then the
# files that Caddy reads besides.
#include bundle-previous
#include compose-of-service
project=$1 service=$2 keep=$3
shift 3
name=$(docker inspect --format '{{.Name}}' "$keep")
upstream=$STATE/upstream/$service.caddy before=$STATE/upstream/.$service.before
install -d -m 0755 "$STATE/upstream"
rm -f "$before"
if [ -f "$upstream" ]; then ln "$upstream" "$before"; fi
echo "to ${name#/}:8000" >"$STATE/upstream/.$service.new"
mv "$STATE/upstream/.$service.new" "$upstream"
caddy=$(of_service caddy | head -n 1)
if [ -n "$caddy" ] && [ "$(docker inspect --format '{{.State.Running}}' "$caddy")" = true ]; then
  said=$(docker exec "$caddy" caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile 2>&1) || {
    echo "caddy does not lead requests to ${name#/}; the old container stays, and caddy's old files are back. It says:" >&2
    echo "$said" | tail -n 5 >&2
    if [ -f "$before" ]; then mv "$before" "$upstream"; else rm -f "$upstream"; fi
    restore "$@"
    exit 1
  }
fi
rm -f "$before"
for id in $(of_service "$service"); do
  if [ "$id" != "$keep" ]; then
    docker stop --time 60 "$id" >/dev/null
    docker rm -f "$id" >/dev/null
  fi
done
