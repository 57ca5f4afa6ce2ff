#!/usr/bin/env bash
# Sets up, builds and tests.
#
#   ./tests/run.sh [unit|all|gpu|asan|tsan|tidy|nets|fuzz|image|bench]     default: all
#
#   unit   torch-free tests and lint, a minute
#   all    everything but gpu: unit, torch, integration, ONNX node tests, lint
#   gpu    tests that need a CUDA device (preset cuda)
#   asan   AddressSanitizer and UBSan over all tests
#   tsan   ThreadSanitizer over the torch-free tests
#   tidy   clang, -Wthread-safety and clang-tidy over the torch-free part
#   nets   whole networks against ONNX Runtime and PyTorch, which it installs
#   fuzz   ONNX files, meshes and images by libFuzzer under AddressSanitizer, a minute each
#   image  the container image by deploy/image.sh, run by podman as an operator would (root)
#   bench  the benchmarks of tests/bench, results on the screen
#
# Ends with a line "N passed, N failed". Works from a fresh clone on Debian 12.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
what=${1:-all}

# Two test processes share two cores: a bounded spin and one compute thread each.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-1000}

run_ctest() {  # preset, then arguments of ctest
  local preset=$1 log failed=0
  shift
  log=build/$preset.ctest.log
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$(nproc)" "$@" |
    tee "$log" || failed=1
  count_cases "$preset"
  return $failed
}

# gtest binaries write one result file each; sums their cases.
count_cases() {
  python3 - "build/$1/test-results" <<'PY'
import pathlib, sys, xml.etree.ElementTree as tree
passed = failed = skipped = 0
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
    for case in tree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None:
            failed += 1
            print("FAILED", case.get("classname") + "." + case.get("name"))
        elif case.get("status") == "notrun" or case.get("result") == "skipped":
            skipped += 1
        else:
            passed += 1
print(f"{passed} passed, {failed} failed, {skipped} skipped")
PY
}

prepare() {  # preset, then targets (default: everything)
  "$root/deploy/build.sh" "$@"
  rm -rf "build/$1/test-results"
  mkdir -p "build/$1/test-results"
  export GTEST_OUTPUT="xml:$root/build/$1/test-results/"
}

case $what in
  unit) prepare release; run_ctest release -L 'unit|lint' ;;
  all)
    prepare release
    PHOSPHENE_ONNX_NODE_TESTS=$("$root/tests/onnx/fetch_node_tests.sh" | tail -n 1)
    export PHOSPHENE_ONNX_NODE_TESTS
    run_ctest release -LE gpu
    ;;
  gpu) prepare cuda; run_ctest cuda -L gpu ;;
  asan)
    prepare asan
    # libtorch keeps globals to the end; leaks are looked for in the torch-free part.
    export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
    run_ctest asan -LE 'gpu|lint|slow'
    ;;
  tsan)
    prepare tsan
    export TSAN_OPTIONS="suppressions=$root/tests/support/tsan.supp"
    run_ctest tsan -L unit
    ;;
  tidy) "$root/deploy/install_packages.sh" "$root/tests/packages-tidy.txt"; "$root/deploy/build.sh" tidy ;;
  nets)
    prepare release whole_net_test
    PHOSPHENE_WHOLE_NETS=$("$root/tests/onnx/make_whole_nets.sh" | tail -n 1)
    export PHOSPHENE_WHOLE_NETS
    run_ctest release -R '^whole_net_test$' --verbose
    ;;
  fuzz)
    "$root/deploy/install_packages.sh" "$root/tests/packages-fuzz.txt"
    "$root/deploy/build.sh" fuzz onnx_fuzz mesh_fuzz image_fuzz
    export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
    for fuzzer in mesh_fuzz image_fuzz onnx_fuzz; do
      mkdir -p "build/fuzz/corpus/$fuzzer" build/fuzz/findings
      "build/fuzz/bin/$fuzzer" "build/fuzz/corpus/$fuzzer" -artifact_prefix=build/fuzz/findings/ \
        -max_total_time=60 -timeout=20 -rss_limit_mb=4096 -max_len=65536 -print_final_stats=1
    done
    ;;
  image)
    "$root/deploy/build.sh" release phosphene
    "$root/deploy/image.sh"
    tests/integration/container_test.sh
    ;;
  bench)
    prepare release
    unset OMP_NUM_THREADS GOMP_SPINCOUNT
    tiny=(--model server/embedded/phosphene-tiny.onnx --mean .5 --std .25 --layer mixed4d)
    googlenet=(--model ../shared/models/googlenet.onnx --bgr --mean "104,117,123" --range "0,255"
      --layer inception_4c/output --channel 10)
    for dtype in fp32 bf16; do
      for batch in 1 4; do
        echo "== phosphene-tiny mixed4d, $dtype, batch $batch"
        build/release/bin/engine_bench "${tiny[@]}" --dtype "$dtype" --batch "$batch"
        [ -f ../shared/models/googlenet.onnx ] || continue
        echo "== GoogLeNet inception_4c, $dtype, batch $batch"
        build/release/bin/engine_bench "${googlenet[@]}" --dtype "$dtype" --batch "$batch"
      done
    done
    ;;
  *)
    echo "run.sh: unknown argument \"$what\"; allowed: unit, all, gpu, asan, tsan, tidy, nets, fuzz, image, bench" >&2
    exit 2
    ;;
esac
