# Arguments: references.
failed=
for image in "$@"; do timeout 600 docker pull -q "$image" || failed="$failed $image"; done
if [ -n "$failed" ]; then
  echo "these images cannot be pulled:$failed." \
    "Set image_mirror, or image_source to archives or packages, or load them on the host" >&2
  exit 1
fi
