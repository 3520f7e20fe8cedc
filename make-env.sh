#!/bin/sh
# Writes .env for docker compose, with fresh random secrets. A file that is there already is left as it is.
#   sh make-env.sh [file]
set -eu
file=${1:-$(dirname "$0")/.env}
secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

if [ -e "$file" ]; then
  echo "$file is there already and was left as it is."
  exit 0
fi
umask 077
cat > "$file" <<END
# Where others reach this machine: its address on the LAN or the internet, or a name; several with commas between,
# the best one first. Empty: calls work on this machine alone.
ANNOUNCED_ADDRESS=

# Secrets. Keep this file: a database that exists takes its own password and no other.
POSTGRES_PASSWORD=$(secret)
COOKIE_SECRET=$(secret)
TURN_SECRETS=$(secret)

# Signs access tokens; GUESTS=off lets in nobody without one.
API_KEY=trivium
API_SECRET=$(secret)
GUESTS=on
END
echo "Made $file. Next: docker compose up"
