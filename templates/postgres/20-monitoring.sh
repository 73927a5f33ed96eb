#!/bin/sh
# The role that measures: it may read statistics and nothing of the app's. Made when the cluster is new; run again on
# one that is there, it follows its secret.
set -eu
psql -v ON_ERROR_STOP=1 -q --username postgres --dbname postgres <<SQL
\set password \`cat /run/secrets/postgres_exporter_password\`
SELECT 'CREATE ROLE monitoring' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'monitoring') \gexec
ALTER ROLE monitoring LOGIN CONNECTION LIMIT 5 PASSWORD :'password';
GRANT pg_monitor TO monitoring;
GRANT CONNECT ON DATABASE socialize TO monitoring;
SQL
