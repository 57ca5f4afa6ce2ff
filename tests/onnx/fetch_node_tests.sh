#!/usr/bin/env bash
# Fetches the ONNX project's backend node tests, opset 20 (data files of the
# PyPI package `onnx` 1.15.0; nothing is installed), into the cache and prints
# the folder: its last line of output. For PHOSPHENE_ONNX_NODE_TESTS.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/phosphene
home=$cache/onnx-node-tests-1.15.0
mkdir -p "$cache"
exec 9>"$cache/.onnx-node-tests.lock"
flock 9
if [ ! -f "$home/.complete" ]; then
  work=$(mktemp -d "$cache/.onnx.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "onnx==1.15.0 --hash=sha256:d8a7c94d2ebead8f739fdb70d1ce5a71726f4e17b3e5b8ad64455ea1b2801a85" \
    >"$work/requirements.txt"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 3.11 --implementation cp --abi cp311 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --require-hashes -r "$work/requirements.txt" -d "$work" >&2
  python3 - "$work"/onnx-*.whl "$work/tree" <<'PY'
import sys, zipfile
wheel, tree = sys.argv[1:]
prefix = "onnx/backend/test/data/node/"
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(tree, [name for name in archive.namelist() if name.startswith(prefix)])
PY
  rm -rf "$home"
  mv "$work/tree/onnx/backend/test/data/node" "$home"
  touch "$home/.complete"
fi
echo "$home"
