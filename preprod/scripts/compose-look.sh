# $1 project, $2 project directory, $3 images, $4 files to watch below the directory, $5 files whose content is not
# looked at. Standard input: base64 of a tar with the candidate Compose files, which may not be on the host yet.
#include compose-containers
#include images-ids
project=$1 directory=$2 images=$3 files=$4 hidden=$5
candidate=$(mktemp -d)
trap 'rm -rf "$candidate"' EXIT
base64 -d | tar -x -C "$candidate"
compare() {
  set -- -f "$candidate/compose.yaml"
  [ ! -f "$candidate/compose.observability.yaml" ] || set -- "$@" -f "$candidate/compose.observability.yaml"
  if docker compose --project-directory "$directory" -p "$project" "$@" config --hash '*' \
    >"$candidate/.hashes" 2>"$candidate/.refusal"; then
    sed 's/^/want /' "$candidate/.hashes"
  else
    sed 's/^/refusal /' "$candidate/.refusal"
  fi
}
# Compose takes longest: it computes while the engine is asked the rest.
compare >"$candidate/.answer" &
look
# shellcheck disable=SC2086 # a word list
ids $images | sed 's/^/image /'
wait
cat "$candidate/.answer"
for file in $files; do
  [ -f "$directory/$file" ] || continue
  echo "watch $(stat -c %.9Z "$directory/$file") $(sha256sum <"$directory/$file" | cut -c1-64) $file"
done
for file in $hidden; do
  if [ -f "$file" ]; then echo "watch $(stat -c %.9Z "$file") - $file"; fi
done
for upstream in "$STATE"/upstream/*.caddy; do
  if [ -f "$upstream" ]; then echo "upstream $(basename "$upstream" .caddy) $(sed 's/^to \(.*\):8000$/\1/' "$upstream")"; fi
done
for stamp in "$STATE"/reloaded/*; do
  if [ -f "$stamp" ]; then echo "stamp $(basename "$stamp") $(cat "$stamp")"; fi
done
