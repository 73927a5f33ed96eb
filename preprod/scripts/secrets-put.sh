# $1 action, $2 name, $3 version, $4 generation, then service:uid for each reader. The version is written last: a run
# that dies before it leaves a secret that the next run finds unfinished.
umask 077
action=$1 name=$2 version=$3 generation=$4
shift 4
install -d -m 0711 "$(dirname "$SECRETS")" "$SECRETS"
install -d -m 0700 "$SECRETS/.versions"
value=$(mktemp "$SECRETS/.versions/.XXXXXX")
trap 'rm -f "$value"' EXIT
case $action in
  WRITE)
    while read -r key text; do
      if [ "$key" = "$name" ]; then printf %s "$text" | base64 -d >"$value"; fi
    done
    ;;
  GENERATE)
    # 190 bits, of characters that need no quoting anywhere.
    head -c 256 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' | head -c 32 >"$value"
    ;;
  REPAIR)
    for pair in "$@"; do
      if [ -f "$SECRETS/${pair%%:*}/$name" ]; then
        cat "$SECRETS/${pair%%:*}/$name" >"$value"
        break
      fi
    done
    ;;
esac
[ -s "$value" ]
for pair in "$@"; do
  folder=$SECRETS/${pair%%:*} uid=${pair##*:}
  install -d -m 0500 -o "$uid" -g "$uid" "$folder"
  # A copy that is right stays untouched: a newer one would have its reader restarted.
  if cmp -s "$value" "$folder/$name" && [ "$(stat -c '%a %u %g' "$folder/$name")" = "400 $uid $uid" ]; then continue; fi
  install -m 0400 -o "$uid" -g "$uid" "$value" "$folder/.$name.new"
  mv -T "$folder/.$name.new" "$folder/$name"
done
echo "$version $generation" >"$SECRETS/.versions/.new"
mv -T "$SECRETS/.versions/.new" "$SECRETS/.versions/$name"
