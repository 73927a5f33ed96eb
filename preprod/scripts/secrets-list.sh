# What lies among the secrets, below their directory; the records of versions hold no values.
[ -d "$SECRETS" ] || exit 0
cd "$SECRETS" && find . -mindepth 1 -path ./.versions -prune -o -printf '%P\n'
