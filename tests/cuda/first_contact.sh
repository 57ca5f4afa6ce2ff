#!/usr/bin/env bash
# The first minutes on a GPU: are results right, and how fast is it. Runs from a
# folder that tests/cuda/pack.sh made. Every part has its share of the time; one
# that fails or runs out of it stops no other. Without a GPU all parts run to
# their skips.
#
#   FOLDER/first_contact.sh [--seconds N] [--site DIR] [--out FILE]
#       [--model FILE --layer NAME [--flags "..."]]
#       [--style-model FILE --style-layers A,B [--style-flags "..."]]
#
#   --seconds N      for everything                        (240)
#   --site DIR       the site-packages with PyTorch        (python3's)
#   --out FILE       the result, JSON                      (FOLDER/first_contact.json)
#   --model FILE     for the speed table; flags of engine_bench say how it takes
#                    images, such as "--bgr --mean 104,117,123 --range 0,255"
#                    (the embedded network)
#   --style-model    for a step of style transfer at 512 pixels a side (none)
#
# Parts: gpu_test (kernels and graphs against the CPU, jobs in lanes, memory over
# 50 mixed jobs), engine_bench (224 pixels, batches 1, 4, 32, fp32 and bf16,
# replayed and eager), style, and compute-sanitizer over the kernels' tests where
# it is installed. Ends with 0 when no test failed.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
seconds=240 site='' out=$here/first_contact.json
model=$here/models/phosphene-tiny.onnx layer=mixed4c flags='' style_model='' style_layers='' style_flags=''
while [ $# -gt 0 ]; do
  [ $# -gt 1 ] || { echo "$1 needs a value" >&2; exit 2; }
  case $1 in
    --seconds) seconds=$2 ;;
    --site) site=$2 ;;
    --out) out=$2 ;;
    --model) model=$2 ;;
    --layer) layer=$2 ;;
    --flags) flags=$2 ;;
    --style-model) style_model=$2 ;;
    --style-layers) style_layers=$2 ;;
    --style-flags) style_flags=$2 ;;
    *) echo "unknown argument $1; the head of $0 tells all" >&2; exit 2 ;;
  esac
  shift 2
done
[ -x "$here/bin/gpu_test" ] || {
  echo "no $here/bin/gpu_test; this runs from a folder that tests/cuda/pack.sh made" >&2
  exit 2
}
[ -n "$site" ] || site=$(python3 -c 'import importlib.util as u, os
spec = u.find_spec("torch")
print(os.path.dirname(os.path.dirname(spec.origin)) if spec else "")')
[ -f "$site/torch/lib/libtorch_cuda.so" ] || {
  echo "no PyTorch for CUDA in \"$site\"; name its site-packages by --site" >&2
  exit 2
}
# All of CUDA's libraries that pip installed lie below nvidia/.
LD_LIBRARY_PATH=$here/lib:$site/torch/lib$(printf ':%s' "$site"/nvidia/*/lib)
export LD_LIBRARY_PATH
"$here/bin/engine_bench" --help >/dev/null 2>&1 || LD_LIBRARY_PATH=$here/lib/std:$LD_LIBRARY_PATH
"$here/bin/engine_bench" --help >/dev/null || {
  echo "the programs do not start here; the line above says what is missing" >&2
  exit 2
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
end=$((SECONDS + seconds))
# part NAME SECONDS COMMAND...: at most so long, and no longer than all may take.
part() {
  local name=$1 most=$2 left rc begin=$SECONDS
  shift 2
  left=$((end - SECONDS))
  [ "$left" -lt "$most" ] && most=$left
  if [ "$most" -lt 1 ]; then
    echo "$name: no time left" | tee "$work/$name.log" >&2
    echo 124 >"$work/$name.rc"
    return
  fi
  timeout -k 5 "$most" "$@" >"$work/$name.out" 2>"$work/$name.log"
  rc=$?
  echo "$rc" >"$work/$name.rc"
  echo $((SECONDS - begin)) >"$work/$name.seconds"
  echo "$name: exit $rc, $((SECONDS - begin)) s" >&2
  [ "$rc" -eq 0 ] || tail -n 15 "$work/$name.log" "$work/$name.out" >&2
}

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader \
  >"$work/gpu" 2>/dev/null || : >"$work/gpu"
# gtest writes its result when it ends: many jobs at once run apart.
tests() { # name, seconds, filter
  part "$1" "$2" "$here/bin/gpu_test" --gtest_filter="$3" --gtest_output="json:$work/$1.json" --gtest_brief=1
}
tests gpu_test 70 '-GpuLanesTest.*'

read -ra model_flags <<<"$flags"
bench() { # name, seconds, arguments of engine_bench
  part "$1" "$2" "$here/bin/engine_bench" --device cuda:0 --json "${@:3}"
}
# 96 steps first: the standard transforms make 11 shapes, each of which runs
# eagerly once and is recorded when it is met again.
table=(--model "$model" --layer "$layer" "${model_flags[@]}" --size 224 --warmup 96)
bench replayed 60 "${table[@]}" --batch 1,4,32 --dtype fp32,bf16 --graph on --steps 256
tests gpu_lanes 60 'GpuLanesTest.*'
bench eager 30 "${table[@]}" --batch 1,4,32 --dtype fp32 --graph off --steps 64
if [ -n "$style_model" ]; then
  python3 - "$work/style.png" <<'PY'
import random, struct, sys, zlib
side, draw = 256, random.Random(1)
rows = b"".join(b"\0" + bytes(draw.randrange(256) for _ in range(3 * side)) for _ in range(side))
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
with open(sys.argv[1], "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", side, side, 8, 2, 0, 0, 0)) +
               chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
PY
  read -ra more <<<"$style_flags"
  bench style 30 --model "$style_model" --layer "$style_layers" "${more[@]}" --style "$work/style.png" \
    --size 512 --transforms none --warmup 40 --steps 128 --dtype fp32,bf16
fi
sanitizer=$(command -v compute-sanitizer ||
  ls /usr/local/cuda/bin/compute-sanitizer "$site"/nvidia/*/bin/compute-sanitizer 2>/dev/null | head -n 1)
if [ -n "$sanitizer" ]; then
  part sanitizer 60 "$sanitizer" --error-exitcode 9 "$here/bin/gpu_test" --gtest_filter='GpuTest.*' --gtest_brief=1
fi

python3 - "$work" "$out" <<'PY'
import json, pathlib, sys
work, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])

def text(name):
    path = work / name
    return path.read_text(errors="replace").strip() if path.exists() else ""

result = {"gpu": text("gpu"), "parts": {}, "tests": {}, "speed": []}
for rc in sorted(work.glob("*.rc")):
    name = rc.stem
    result["parts"][name] = {"exit": int(text(rc.name)), "seconds": int(text(name + ".seconds") or 0)}
    if result["parts"][name]["exit"]:
        result["parts"][name]["said"] = (text(name + ".log") + "\n" + text(name + ".out"))[-3000:]
    for line in text(name + ".out").splitlines():
        if line.startswith("{"):
            result["speed"].append({"part": name, **json.loads(line)})
tests = {"passed": 0, "failed": [], "skipped": 0, "figures": {}}
standard = {"name", "file", "line", "status", "result", "timestamp", "time", "classname", "failures",
            "value_param", "type_param", "skipped"}
for path in sorted(work.glob("gpu_*.json")):
    for suite in json.loads(path.read_text())["testsuites"]:
        for case in suite["testsuite"]:
            name = case["classname"] + "." + case["name"]
            if case.get("failures"):
                tests["failed"].append({"name": name, "said": case["failures"][0]["failure"][:2000]})
            elif case.get("result") == "SKIPPED":
                tests["skipped"] += 1
            else:
                tests["passed"] += 1
            for key, value in case.items():
                if key not in standard:
                    tests["figures"][name + "." + key] = value
result["tests"] = tests
out.write_text(json.dumps(result, indent=1) + "\n")
print(f"GPU: {result['gpu'] or 'none answers'}")
print(f"tests: {tests['passed']} passed, {len(tests['failed'])} failed, {tests['skipped']} skipped")
for key, value in tests["figures"].items():
    print(f"  {key}: {value}")
if result["speed"]:
    print("| part | size | batch | dtype | ms a step | job-steps/s | replayed | MiB |\n|---|---|---|---|---|---|---|---|")
for r in result["speed"]:
    print(f"| {r['part']} | {r['size']} | {r['batch']} | {r['dtype']} | {r['step_ms_median']} | "
          f"{r['job_steps_per_second']} | {r['replayed_steps']} | {r['device_memory_mib']} |")
print(f"result: {out}")
ended = all(result["parts"].get(name, {}).get("exit", 1) in (0, 1) for name in ("gpu_test", "gpu_lanes"))
if not ended:
    print("a test program crashed or ran out of time: see the parts of the result")
sys.exit(1 if tests["failed"] or not ended else 0)
PY
