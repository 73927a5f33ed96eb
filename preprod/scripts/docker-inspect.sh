# $1 format, then containers. That one has ended since it was listed is no matter; that the engine has, is.
inspect() {
  format=$1
  shift
  [ $# -eq 0 ] || docker inspect --format "$format" "$@" 2>/dev/null || docker version >/dev/null
}
