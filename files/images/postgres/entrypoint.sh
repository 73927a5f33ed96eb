#!/bin/bash
# Starts PostgreSQL; makes and initializes the cluster first when the data directory is empty.
set -euo pipefail

listen='*'
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # A first start that died half-way leaves no PG_VERSION in place: the cluster is built aside and moved in whole.
    fresh="$PGDATA/.fresh"
    rm -rf "$fresh"
    initdb --pgdata="$fresh" --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" \
        --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --data-checksums
    echo 'host all all all scram-sha-256' >> "$fresh/pg_hba.conf"
    pg_ctl --pgdata="$fresh" --wait --options="-c listen_addresses='' -c logging_collector=off" start
    for script in /docker-entrypoint-initdb.d/*; do
        if [ -x "$script" ]; then "$script"; fi
    done
    pg_ctl --pgdata="$fresh" --mode=fast --wait stop
    find "$fresh" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" {} +
    mv "$fresh/PG_VERSION" "$PGDATA/"
    rmdir "$fresh"
fi
exec "$@" -c listen_addresses="$listen"
