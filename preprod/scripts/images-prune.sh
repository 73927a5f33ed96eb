# $1 references that deploys made use of, the latest last, in one word list; then references to remove.
install -d -m 0700 "$STATE"
for image in $1; do echo "$image"; done >"$STATE/.deployed-images.new"
mv -T "$STATE/.deployed-images.new" "$STATE/deployed-images"
shift
for image in "$@"; do docker image rm "$image" >/dev/null; done
