# $1 project, $2 volume, $3 owner. The labels make Compose take the volume for one of its own.
full=$1_$2
docker volume inspect "$full" >/dev/null 2>&1 || docker volume create \
  --label "com.docker.compose.project=$1" --label "com.docker.compose.volume=$2" "$full" >/dev/null
chown "$3" "$(docker volume inspect --format '{{.Mountpoint}}' "$full")"
