#!/bin/sh
# The app's own role and database, made once, when the cluster is new; the app never holds the superuser.
set -eu
psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres <<SQL
\set password \`cat /run/secrets/app_db_password\`
CREATE ROLE socialize LOGIN PASSWORD :'password';
CREATE DATABASE socialize OWNER socialize;
REVOKE ALL ON DATABASE socialize FROM PUBLIC;
SQL
