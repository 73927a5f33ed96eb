# Arguments: paths below the base directory.
cd "$BASE" 2>/dev/null || exit 0
for path in "$@"; do
  if [ -f "$path" ]; then echo "$(base64 <"$path" | tr -d '\n') $path"; fi
done
