# Arguments: full volume names.
for volume in "$@"; do
  if path=$(docker volume inspect --format '{{.Mountpoint}}' "$volume" 2>/dev/null); then
    echo "$volume $(stat -c %u:%g "$path")"
  fi
done
