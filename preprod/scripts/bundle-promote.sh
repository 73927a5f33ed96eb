# Arguments: staged paths. The old version is kept for a refused reload, then one rename puts the new one in place.
cd "$STATE/stage"
for path in "$@"; do
  install -d -m 0755 "$(dirname "$BASE/$path")"
  install -d -m 0700 "$(dirname "$STATE/previous/$path")"
  rm -f "$STATE/previous/$path"
  if [ -f "$BASE/$path" ]; then cp -p "$BASE/$path" "$STATE/previous/$path"; else ln -s none "$STATE/previous/$path"; fi
  if [ -d "$BASE/$path" ] && [ ! -L "$BASE/$path" ]; then rm -rf "${BASE:?}/$path"; fi
  mv -T "$path" "$BASE/$path"
done
