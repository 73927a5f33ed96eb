# Arguments: references.
for image in "$@"; do
  if docker image inspect "$image" >/dev/null 2>&1; then echo "$image"; fi
done
