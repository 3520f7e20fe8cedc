#!/bin/sh
# Compiles the tests and runs them: files or folders of test/, all where none is named; what begins with a dash is
# for test/support/run.ts. They run as JavaScript, since a loader would compile the whole server anew for each process,
# which takes longer than most files do. Types are for `npm run typecheck`.
set -eu
cd "$(dirname "$0")/.."

tsc -b server
tsc -p test --noCheck
node dist/server/setup/test.js

named=
for argument in "$@"; do
  shift
  case $argument in
    -*) set -- "$@" "$argument" ;;
    *.ts) named=yes && set -- "$@" "$argument" ;;
    *)
      named=yes
      for file in $(find "$argument" -name '*.test.ts' | sort); do set -- "$@" "$file"; done
      ;;
  esac
done
[ $named ] || for file in $(find test -name '*.test.ts' | sort); do set -- "$@" "$file"; done
exec node --enable-source-maps dist/tests/test/support/run.js "$@"
