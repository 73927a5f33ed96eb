# $1 reference, $2 what it is built from, $3 the build context, a tar.
docker image inspect "$2" >/dev/null 2>&1 || docker pull -q "$2"
docker build --quiet --tag "$1" --build-arg "BASE=$2" - <"$3" >/dev/null
rm -f "$3"
