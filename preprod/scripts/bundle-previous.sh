# Arguments: paths below the base directory. What the last run that wrote files has replaced is put back; other files
# stay. A link says that there was no file before.
restore() {
  for file in "$@"; do
    if [ -L "$STATE/previous/$file" ]; then
      rm -f "$BASE/$file" "$STATE/previous/$file"
    elif [ -f "$STATE/previous/$file" ]; then
      mv -T "$STATE/previous/$file" "$BASE/$file"
    fi
  done
}
# The same paths: their readers took the new ones, so that there is nothing to go back to.
forget() {
  for file in "$@"; do rm -f "$STATE/previous/$file"; done
}
