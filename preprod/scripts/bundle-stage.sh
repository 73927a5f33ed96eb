# Standard input: base64 of a tar with the files, their modes and their numeric owners.
install -d -m 0755 "$BASE"
install -d -m 0700 "$STATE"
rm -rf "$STATE/stage" "$STATE/previous"
mkdir "$STATE/stage"
base64 -d | tar -x -p --same-owner --numeric-owner -C "$STATE/stage"
