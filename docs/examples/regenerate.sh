#!/usr/bin/env bash
# Writes each example anew by the command in its second line. Run it when a
# preset changes; tests/client/presets/examples_test.cc holds that nothing else
# is in them. PHOSPHENE is the program to run: default build/release/bin/phosphene.
set -euo pipefail
cd "$(dirname "$0")"
program=${PHOSPHENE:-../../build/release/bin/phosphene}
for file in *.textproto; do
  head=$(head -n 2 "$file")
  read -r _ _ arguments <<< "${head#*$'\n'}"
  # The commands have no words with blanks.
  # shellcheck disable=SC2086
  spec=$("$program" $arguments --spec-only)
  printf '%s\n%s\n' "$head" "$spec" > "$file"
done
