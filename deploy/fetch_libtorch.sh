#!/usr/bin/env bash
# Fetches libtorch 2.11.0 from the PyPI wheels into a cache and prints the
# folder (its last line of output), for -DPHOSPHENE_LIBTORCH.
#
#   deploy/fetch_libtorch.sh          CPU: torch, cudart, cupti (about 550 MB)
#   deploy/fetch_libtorch.sh --cuda   also the CUDA libraries libtorch_cuda needs
#
# The cache is ${XDG_CACHE_HOME:-~/.cache}/phosphene/libtorch-2.11.0. Downloads
# are verified by sha256 (requirements-libtorch.txt); a folder appears under its
# final name only when complete.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/phosphene
home=$cache/libtorch-2.11.0
mkdir -p "$cache"

# TREE WHEEL ...: libraries, headers and licences. google/protobuf and fmt headers
# in the wheel are of other versions than Debian's and would shadow them.
unpack() {
  python3 - "$@" <<'PY'
import os, sys, zipfile
tree, *wheels = sys.argv[1:]
left_out = ("torch/include/google/", "torch/include/fmt/", "torch/lib/libtorch_python.so")
for wheel in wheels:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            keep = name.startswith(("torch/lib/", "torch/include/", "nvidia/")) or "license" in name.lower()
            if keep and not name.startswith(left_out):
                archive.extract(name, tree)
    os.remove(wheel)
PY
}

exec 9>"$cache/.libtorch.lock"
flock 9

if [ ! -f "$home/.complete" ]; then
  work=$(mktemp -d "$cache/.libtorch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "Fetching libtorch 2.11.0 (about 550 MB, once)" >&2
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 3.11 --implementation cp --abi cp311 --abi none \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --require-hashes -r "$here/requirements-libtorch.txt" -d "$work/wheels" >&2
  mkdir "$work/tree"
  unpack "$work/tree" "$work"/wheels/*.whl
  test -f "$work/tree/torch/lib/libtorch_cpu.so"
  touch "$work/tree/.complete"
  rm -rf "$home"
  mv "$work/tree" "$home"
fi

# A cache of an earlier version lacks NVIDIA's licence.
if ! compgen -G "$home/nvidia_cuda_runtime-*" >/dev/null; then
  work=$(mktemp -d "$cache/.libtorch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --require-hashes -r <(grep '^nvidia' "$here/requirements-libtorch.txt") -d "$work/wheels" >&2
  unpack "$work/tree" "$work"/wheels/*.whl
  cp -r "$work/tree"/nvidia_* "$home"
fi

if [ "${1:-}" = --cuda ] && [ ! -f "$home/.complete-cuda" ]; then
  work=$(mktemp -d "$cache/.libtorch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "Fetching the CUDA libraries of libtorch 2.11.0 (about 2 GB, once)" >&2
  # What the torch wheel's own metadata asks for, resolved by pip.
  python3 -m pip download --quiet --disable-pip-version-check --only-binary=:all: \
    -d "$work/wheels" torch==2.11.0 >&2
  rm -f "$work"/wheels/torch-*.whl
  for wheel in "$work"/wheels/nvidia_*.whl; do
    python3 -m zipfile -e "$wheel" "$work/tree"
  done
  # New files under the old names: programs that run keep the ones they have.
  cp -r --remove-destination "$work/tree/nvidia/." "$home/nvidia/"
  touch "$home/.complete-cuda"
fi

echo "$home"
