# $1 project, $2 login, $3 role, $4 id of a person that Grafana has already.
#include grafana-ask
find_grafana "$1"
id=${4-}
if [ -z "$id" ]; then
  # As JSON wants it: a supplied password may hold any character of one line.
  password=$(sed 's/[\\"]/\\&/g; s/\t/\\t/g' "$SECRETS/grafana/grafana_user_$2")
  person=$(printf '{"name":"%s","login":"%s","password":"%s","OrgId":1}' "$2" "$2" "$password")
  created=$(must POST /api/admin/users "$person")
  id=$(printf '%s\n' "$created" | sed -n 's/.*"id": *\([0-9][0-9]*\).*/\1/p')
  [ -n "$id" ] || { echo "Grafana does not say which account it made: $created" >&2; exit 1; }
fi
must PATCH "/api/org/users/$id" "{\"role\":\"$3\"}" >/dev/null
