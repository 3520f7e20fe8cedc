#!/bin/sh
# Writes .env for docker compose, with fresh random secrets. A file that is there already is left as it is.
#   sh make-env.sh [file]
set -eu
file=${1:-$(dirname "$0")/.env}
secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

if [ -e "$file" ]; then
  echo "$file is there already and was left as it is. Move it away to have new secrets made." >&2
  exit 1
fi
umask 077
cat > "$file" <<END
# Where others reach this machine: its address on the LAN or the internet, or a name; several with commas between,
# the best one first. Empty: calls work on this machine alone.
ANNOUNCED_ADDRESS=

# Secrets. Keep this file to yourself, and do not change the password once the database exists.
POSTGRES_PASSWORD=$(secret)
COOKIE_SECRET=$(secret)
# To change it: new,old - and ten minutes later the new one alone.
TURN_SECRETS=$(secret)
END
echo "Made $file. Next: docker compose up"
