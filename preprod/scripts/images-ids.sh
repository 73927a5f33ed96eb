# Prints "reference id" for those of the named images that the engine has. One question serves all tags: the engine
# names a missing one on standard error and answers for the others. A digest is asked for alone: it is no tag.
ids() {
  for image in "$@"; do
    case $image in
      *@*) docker image inspect --format "$image {{.ID}}" "$image" 2>/dev/null || true ;;
    esac
  done
  docker image inspect --format '{{$id := .ID}}{{range .RepoTags}}{{.}} {{$id}}{{println}}{{end}}' "$@" 2>/dev/null |
    grep . || true
}
