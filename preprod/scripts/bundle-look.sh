# Arguments: paths below the base directory.
cd "$BASE" 2>/dev/null || exit 0
for path in "$@"; do
  [ -f "$path" ] && [ ! -L "$path" ] || continue
  echo "file $(sha256sum <"$path" | cut -c1-64) $(stat -c '%a %u %g' "$path") $path"
done
if [ -f manifest.json ]; then echo "manifest $(base64 <manifest.json | tr -d '\n')"; fi
