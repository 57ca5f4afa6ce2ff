#!/usr/bin/env bash
# From a fresh Debian 12 machine to a picture: packages, libtorch, build, a
# server on loopback, one feature visualization of the embedded model.
#
#   ./deploy/quickstart.sh          CPU
#   ./deploy/quickstart.sh --gpu    with CUDA (needs nvcc 13 and a GPU)
#
# A second run only makes the picture. Takes some 12 minutes the first time on
# two cores, mostly compiling.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

preset=release
case ${1:-} in
  "") ;;
  --gpu) preset=cuda ;;
  *) echo "quickstart: unknown option \"$1\"; allowed: --gpu" >&2; exit 2 ;;
esac

./deploy/build.sh "$preset" phosphened phosphene
bin=$root/build/$preset/bin
mkdir -p phosphene-out

data=${XDG_DATA_HOME:-$HOME/.local/share}/phosphene
log=$root/phosphene-out/phosphened.log
ready=$(mktemp -u)
"$bin/phosphened" --listen 127.0.0.1:0 --http off --data "$data" >"$ready" 2>"$log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -f "$ready"' EXIT

# The server prints one line with its address when it serves.
for _ in $(seq 100); do
  address=$(sed -n 's/.*serving on \([^ ]*\).*/\1/p' "$ready" 2>/dev/null || true)
  [ -n "$address" ] && break
  if ! kill -0 "$server" 2>/dev/null; then
    echo "quickstart: phosphened did not start; its log, $log:" >&2
    cat "$log" >&2
    exit 1
  fi
  sleep 0.1
done
[ -n "$address" ] || { echo "quickstart: phosphened was not ready in 10 s; see $log" >&2; exit 1; }

"$bin/phosphene" --server "$address" feature --layer mixed4c --channel 11 \
  --colors soft --size 224 --steps 128 -o phosphene-out/quickstart.png

cat <<DONE

Your picture: $root/phosphene-out/quickstart.png

Three commands to try next (they start a private server each):
  $bin/phosphene --local models layers phosphene-tiny
  $bin/phosphene --local sheet --layer mixed4c --count 16 --colors soft -o phosphene-out/sheet.png
  $bin/phosphene --local dream --layer mixed4c -o phosphene-out/dream.png
DONE
