# $1 project. The administrator gets the password that lies among the secrets; it travels over standard input.
id=$(docker ps -q --filter "label=com.docker.compose.project=$1" \
  --filter label=com.docker.compose.service=grafana | head -n 1)
docker exec -i "$id" grafana cli --homepath /usr/share/grafana admin reset-admin-password --password-from-stdin \
  <"$SECRETS/grafana/grafana_admin_password" >/dev/null
