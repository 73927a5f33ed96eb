# Arguments: paths below the base directory that the bundle no longer has.
cd "$BASE"
for path in "$@"; do
  rm -f "$path"
  rmdir -p --ignore-fail-on-non-empty "$(dirname "$path")" 2>/dev/null || true
done
