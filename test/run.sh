#!/bin/sh
# Compiles the tests and runs them: files or folders of test/, all where none is named; what begins with a dash is
# for tap. They run as JavaScript, since a loader would compile the whole server anew for each of the files, which
# takes longer than most of them do. Types are for `npm run typecheck`.
set -eu
cd "$(dirname "$0")/.."

tsc -b server
tsc -p test --noCheck
node dist/server/setup/test.js
# tap is built without the plugins that .taprc leaves out.
built=node_modules/.tap-built
[ $built -nt .taprc ] || { tap build && touch $built; }

named=
for argument in "$@"; do
  shift
  case $argument in
    -*) set -- "$@" "$argument" ;;
    *.ts) named=yes && set -- "$@" "dist/tests/${argument%.ts}.js" ;;
    *)
      named=yes
      # Not what is in dist/: that may hold tests which are no more.
      for file in $(find "$argument" -name '*.test.ts' | sort); do set -- "$@" "dist/tests/${file%.ts}.js"; done
      ;;
  esac
done
[ $named ] || for file in $(find test -name '*.test.ts' | sort); do set -- "$@" "dist/tests/${file%.ts}.js"; done
# Nothing here reads what tap would keep of every file that a process loads.
_TAPJS_PROCESSINFO_EXCLUDE_=/./ exec node --enable-source-maps dist/tests/test/support/with-database.js tap "$@"
