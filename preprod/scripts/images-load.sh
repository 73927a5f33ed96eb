# $1 archive, then the references that it shall give.
archive=$1
shift
docker load --quiet --input "$archive" >/dev/null
rm -f "$archive"
for image in "$@"; do docker image inspect "$image" >/dev/null; done
