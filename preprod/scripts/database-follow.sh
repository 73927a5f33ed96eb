# $1 project. psql reads the passwords in the container and quotes them: they are on no command line.
id=$(docker ps -q --filter "label=com.docker.compose.project=$1" \
  --filter label=com.docker.compose.service=postgres | head -n 1)
docker exec -i "$id" psql -v ON_ERROR_STOP=1 -q -U postgres -d postgres <<'SQL'
\set password `cat /run/secrets/app_db_password`
ALTER ROLE socialize PASSWORD :'password';
SQL
docker exec "$id" /docker-entrypoint-initdb.d/20-monitoring.sh
