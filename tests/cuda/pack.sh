#!/usr/bin/env bash
# Packs what shows, on a machine with a GPU, whether the CUDA branch is right and
# how fast it is: a folder of at most 30 MB that runs there with nothing but a
# driver, Python and an installed PyTorch 2.11 for CUDA 13 (pip's): no network, no
# package manager, no gRPC.
#
#   tests/cuda/pack.sh [--build DIR] [-o FOLDER] [--model FILE]... [--no-build]
#
#   --build DIR   a build with nvcc, whichever its preset   (build/release)
#   -o FOLDER     made anew                                 (build/cuda-pack)
#   --model FILE  ONNX files to take along, as far as they fit
#   --no-build    what is built lies there already
#
# Then, on that machine: FOLDER/first_contact.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build/release out=$root/build/cuda-pack make=yes models=()
while [ $# -gt 0 ]; do
  case $1 in
    --build) build=$(cd "$2" && pwd); shift 2 ;;
    -o) out=$2; shift 2 ;;
    --model) models+=("$2"); shift 2 ;;
    --no-build) make=no; shift ;;
    *) echo "unknown argument $1; allowed: --build, -o, --model, --no-build" >&2; exit 2 ;;
  esac
done
most=$((30 * 1000 * 1000))

[ -f "$build/build.ninja" ] || { echo "no build in $build; deploy/build.sh makes one" >&2; exit 2; }
[ "$make" = no ] || ninja -C "$build" gpu_pack_test gpu_pack_bench
[ -x "$build/bin/gpu_pack_test" ] || {
  echo "no $build/bin/gpu_pack_test: it is built where nvcc 13 is found" >&2
  exit 2
}

rm -rf "$out"
mkdir -p "$out/bin" "$out/lib" "$out/models"
for program in gpu_test:gpu_pack_test engine_bench:gpu_pack_bench; do
  strip -o "$out/bin/${program%%:*}" "$build/bin/${program##*:}"
done
# Libraries but those of glibc, of PyTorch, and of CUDA.
ldd "$out/bin/gpu_test" "$out/bin/engine_bench" 2>/dev/null |
  awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
  grep -E '^(/usr)?/lib/' |
  grep -vE '/(lib(c|m|dl|rt|pthread|util|resolv)\.so|ld-linux|libcuda\.so|libnvidia)' |
  while read -r library; do cp -L "$library" "$out/lib/"; done
strip --strip-all "$out"/lib/* "$out"/bin/*
# Used where the machine's own is older than these programs: it wants a younger
# glibc than they do.
mkdir "$out/lib/std"
mv "$out"/lib/libstdc++.so.* "$out"/lib/libgcc_s.so.* "$out/lib/std/"
cp "$root/tests/cuda/first_contact.sh" "$root/server/embedded/phosphene-tiny.onnx" "$out/"
mv "$out/phosphene-tiny.onnx" "$out/models/"
for model in "${models[@]}"; do
  if [ $(($(du -sb "$out" | cut -f1) + $(stat -Lc %s "$model"))) -gt "$most" ]; then
    echo "left out $model: with it the pack would be above $((most / 1000000)) MB" >&2
    continue
  fi
  cp -L "$model" "$out/models/"
done
size=$(du -sb "$out" | cut -f1)
[ "$size" -le "$most" ] || { echo "$out has $size bytes, above $most" >&2; exit 1; }
newest=$(objdump -T "$out"/bin/* "$out"/lib/*.so* 2>/dev/null | grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -n 1)
echo "$out: $((size / 1000000)) MB, $(find "$out/lib" -type f | wc -l) libraries, needs ${newest:-glibc}"
