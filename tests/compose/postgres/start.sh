#!/bin/sh
# Makes the cluster, the role and the database at the first start; then becomes the server.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # initdb wants its account to have a name.
    printf 'postgres:x:%s:%s::/:/bin/sh\n' "$(id -u)" "$(id -g)" > /tmp/passwd
    printf 'postgres:x:%s:\n' "$(id -g)" > /tmp/group
    LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD=/tmp/passwd NSS_WRAPPER_GROUP=/tmp/group \
        initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \
        --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    pg_ctl -w -o "-c listen_addresses='' -k $PGHOST" start
    psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres -c "CREATE DATABASE $POSTGRES_DB"
    pg_ctl -m fast -w stop
fi
exec postgres -c listen_addresses='*' -k "$PGHOST"
