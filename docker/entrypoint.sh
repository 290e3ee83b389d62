#!/bin/sh
# Makes the password in $DATABASE_PASSWORD_FILE the one for the database, then becomes the command.
# libpq reads a password file only if nobody else may, and Compose mounts secrets readable to all.
set -eu
if [ -n "${DATABASE_PASSWORD_FILE:-}" ]; then
    password=$(sed 's/[\\:]/\\&/g' "$DATABASE_PASSWORD_FILE")
    (umask 077 && printf '*:*:*:*:%s\n' "$password" > "$PGPASSFILE.$$" && mv "$PGPASSFILE.$$" "$PGPASSFILE")
fi
exec "$@"
