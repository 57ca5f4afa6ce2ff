#!/usr/bin/env bash
# Fetches the ONNX project's backend node tests, opset 26 (data files of the
# PyPI package `onnx` 1.21.0; nothing is installed), into the cache and prints
# the folder: its last line of output. For PHOSPHENE_ONNX_NODE_TESTS.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/phosphene
home=$cache/onnx-node-tests-1.21.0
mkdir -p "$cache"
exec 9>"$cache/.onnx-node-tests.lock"
flock 9
if [ ! -f "$home/.complete" ]; then
  work=$(mktemp -d "$cache/.onnx.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "onnx==1.21.0 --hash=sha256:10c3185a232089335581fabb98fba4e86d3e8246b8140f2e406082438100ebda" \
    >"$work/requirements.txt"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 3.11 --implementation cp --abi cp311 \
    --platform manylinux_2_27_x86_64 --platform manylinux_2_28_x86_64 \
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
