#!/bin/bash
# Style transfer on large canvases: seconds a step, and the most memory the
# server held. Untiled at one million pixels, then in tiles.
#
#   tests/bench/large_pictures.sh VGG19.onnx CONTENT STYLE [WIDTH HEIGHT [TILE]]
#
# Needs a build in build/release; runs a server of its own for each line. STEPS
# (3) are timed; THREADS (all) is 1 where other work runs beside: CPU seconds of
# one thread hardly mind it.
set -euo pipefail
network=$1 content=$2 style=$3 width=${4:-4000} height=${5:-3000} tile=${6:-1024}
bin=$(cd "$(dirname "$0")/../.." && pwd)/build/release/bin
steps=${STEPS:-3}

cpu_seconds() {
  awk -v hz="$(getconf CLK_TCK)" '{print ($14 + $15) / hz}' "/proc/$1/stat"
}

# measure NAME WIDTH HEIGHT SET...: one step, and then more; the difference is
# theirs.
measure() {
  local name=$1 width=$2 height=$3 work server begin used seconds=() cpu=() sets=()
  shift 3
  work=$(mktemp -d)
  "$bin/phosphened" --data "$work/data" --listen "unix:$work/socket" \
    --metrics off --http off --threads "${THREADS:-0}" >"$work/log" 2>&1 &
  server=$!
  export PHOSPHENE_SERVER="unix:$work/socket"
  until "$bin/phosphene" devices >/dev/null 2>&1; do sleep 0.2; done
  "$bin/phosphene" --quiet models add "$network" --name vgg >/dev/null
  "$bin/phosphene" style --model vgg --content "$content" --style "$style" \
    --pixels 12M --init content --precision ${PRECISION:-fp32} --spec-only >"$work/spec.textproto"
  for set in "parameterization.width=$width" "parameterization.height=$height" \
    optimizer.octaves.count=1 "$@"; do
    sets+=(--set "$set")
  done
  for count in 1 $((1 + steps)); do
    begin=$(date +%s.%N) used=$(cpu_seconds "$server")
    "$bin/phosphene" --quiet submit "$work/spec.textproto" "${sets[@]}" \
      --set "steps=$count" --watch -o "$work/out.png" >/dev/null
    seconds+=("$(echo "$(date +%s.%N) - $begin" | bc)")
    cpu+=("$(echo "$(cpu_seconds "$server") - $used" | bc)")
  done
  awk -v name="$name" -v one="${seconds[0]}" -v more="${seconds[1]}" \
    -v cpu1="${cpu[0]}" -v cpu2="${cpu[1]}" -v steps="$steps" \
    -v peak="$(awk '/VmHWM/ {print $2}' "/proc/$server/status")" \
    'BEGIN {printf "%-30s %7.1f s and %7.1f CPU s a step, %5.2f GiB\n",
            name, (more - one) / steps, (cpu2 - cpu1) / steps, peak / 1048576}'
  kill "$server"
  wait "$server" || true
  rm -rf "$work"
}

measure "1 Mpx, whole" 1152 864 tiling.mode=OFF
measure "$width x $height, tiles of $tile" "$width" "$height" tiling.mode=ON "tiling.size=$tile"
measure "$width x $height, delayed" "$width" "$height" tiling.mode=ON "tiling.size=$tile" tiling.delayed=true
