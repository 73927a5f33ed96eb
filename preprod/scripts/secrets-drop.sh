# Arguments: paths below the directory of secrets.
for path in "$@"; do
  rm -rf -- "$SECRETS/${path:?}"
done
