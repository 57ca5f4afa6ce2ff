#!/usr/bin/env bash
# The CUDA table: engine_bench by size, batch, precision and graph on a GPU, one
# JSON object a line, then the same as a table.
#
#   tests/bench/gpu.sh [BUILD] > gpu.jsonl        BUILD: default build/cuda
#
# Environment:
#   PHOSPHENE_BENCH_MODEL    an ONNX file (default: the embedded phosphene-tiny)
#   PHOSPHENE_BENCH_LAYER    its layer (default: the embedded model's mixed4c)
#   PHOSPHENE_BENCH_FLAGS    its input convention, such as
#                            "--bgr --mean 104,117,123 --range 0,255"
#   PHOSPHENE_BENCH_DEVICE   default cuda:0
#   PHOSPHENE_BENCH_SIZES, _BATCHES, _GRAPHS   lists, see below; _DTYPES with commas; _STEPS
#
# Needs a GPU and a driver, and no gRPC; for the first minutes on one there is
# tests/cuda/first_contact.sh. Runs that fail (a batch that does not fit) are told
# on stderr and left out.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build/cuda}
model=${PHOSPHENE_BENCH_MODEL:-$root/server/embedded/phosphene-tiny.onnx}
layer=${PHOSPHENE_BENCH_LAYER:-mixed4c}
device=${PHOSPHENE_BENCH_DEVICE:-cuda:0}
read -ra flags <<<"${PHOSPHENE_BENCH_FLAGS:-}"
[ -x "$build/bin/engine_bench" ] || {
  echo "no $build/bin/engine_bench; build it: deploy/build.sh cuda engine_bench" >&2
  exit 2
}
[ -f "$model" ] || { echo "no model $model; set PHOSPHENE_BENCH_MODEL" >&2; exit 2; }

# engine_bench takes lists and starts once for each size, batch and graph: starting CUDA
# takes seconds.
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
bench() { # size, batches, dtypes, graph
  # 96 warm-up steps: the standard transforms make 11 shapes, each of which runs
  # eagerly once and is recorded when it is met again.
  if ! "$build/bin/engine_bench" --model "$model" --layer "$layer" "${flags[@]}" \
      --device "$device" --size "$1" --batch "$2" --dtype "$3" --graph "$4" \
      --warmup 96 --steps "${PHOSPHENE_BENCH_STEPS:-256}" --json | tee -a "$lines"; then
    echo "failed: size $1, batches $2, $3, graph $4" >&2
  fi
}
for size in ${PHOSPHENE_BENCH_SIZES:-224 512 1024 2048}; do
  for graph in ${PHOSPHENE_BENCH_GRAPHS:-on off}; do
    for batch in ${PHOSPHENE_BENCH_BATCHES:-1 4 32}; do
      # Rows and pixels above this many do not fit 80 GB.
      [ $((size * size * batch)) -le $((2048 * 2048 * 8)) ] || continue
      bench "$size" "$batch" "${PHOSPHENE_BENCH_DTYPES:-fp32,bf16}" "$graph"
    done
  done
done

python3 - "$lines" >&2 <<'PY'
import json, sys
print("| size | batch | dtype | graph | ms a step | job-steps/s | replayed | MiB |\n|---|---|---|---|---|---|---|---|")
for line in open(sys.argv[1]):
    r = json.loads(line)
    graph = "off" if r["why_eager"] == "off" else r["why_eager"] or "on"
    print(f"| {r['size']} | {r['batch']} | {r['dtype']} | {graph} | {r['step_ms_median']} | "
          f"{r['job_steps_per_second']} | {r['replayed_steps']} | {r['device_memory_mib']} |")
PY
