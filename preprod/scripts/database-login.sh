# $1 project. Over the network name and not the loopback address, where the official image trusts everyone.
id=$(docker ps -q --filter "label=com.docker.compose.project=$1" \
  --filter label=com.docker.compose.service=postgres | head -n 1)
if [ -z "$id" ]; then
  echo unknown
  exit 0
fi
answer=$(docker exec "$id" sh -c 'PGPASSWORD=$(cat /run/secrets/app_db_password) PGCONNECT_TIMEOUT=5 \
  psql -h postgres -U socialize -d socialize -Atqc "select 1" 2>&1') || true
case "$answer" in
  1) echo accepted ;;
  *"authentication failed"* | *"does not exist"*) echo refused ;;
  *) echo unknown ;;
esac
