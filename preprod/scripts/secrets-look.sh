# Arguments: name:service,service for each secret. Standard input: "name base64(value)" for each supplied one.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
while read -r name value; do
  [ -z "$name" ] || printf %s "$value" | base64 -d >"$work/$name"
done
for pair in "$@"; do
  name=${pair%%:*} first=
  if [ -f "$SECRETS/.versions/$name" ]; then echo "version $name $(cat "$SECRETS/.versions/$name")"; fi
  for service in $(echo "${pair#*:}" | tr , ' '); do
    file=$SECRETS/$service/$name
    [ -f "$file" ] && [ ! -L "$file" ] || continue
    first=${first:-$file}
    cmp -s "$file" "$first" && same=yes || same=no
    cmp -s "$file" "$work/$name" && given=yes || given=no
    echo "copy $name $service $(stat -c '%a %u %g' "$file") $same $given"
  done
done
