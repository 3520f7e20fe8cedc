#!/bin/sh
# The gate: format, types, lint and tests, cheapest first; the first part that fails ends it. Says how long each took.
set -eu
cd "$(dirname "$0")/.."

part() {
  name=$1 began=$(date +%s)
  shift
  "$@" || { echo "$name failed after $(($(date +%s) - began)) s" && exit 1; }
  times="${times-}$name $(($(date +%s) - began)) s
"
}

part format prettier --check .
part types npm run --silent typecheck
part lint eslint --max-warnings 0 .
part tests test/run.sh
printf '\n%s' "$times"
