#!/usr/bin/env bash
# Builds one preset of CMakePresets.json: packages, libtorch, configure, build.
#
#   deploy/build.sh PRESET [TARGET ...]     default: release, everything
#
# Quiet when nothing is to be done. Uses every core; ccache where installed.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
preset=${1:-release}
shift || true
cd "$root"

"$root/deploy/install_packages.sh"
case $preset in
  tsan | tidy) ;;
  cuda) PHOSPHENE_LIBTORCH=$("$root/deploy/fetch_libtorch.sh" --cuda | tail -n 1) ;;
  *) PHOSPHENE_LIBTORCH=$("$root/deploy/fetch_libtorch.sh" | tail -n 1) ;;
esac
export PHOSPHENE_LIBTORCH=${PHOSPHENE_LIBTORCH:-}
# The precompiled header is shared by many files: ccache must trust its macros.
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
# Its 500 MB are hashed once, not once a file.
export CCACHE_INODECACHE=1
# A miss costs no extra run of the preprocessor.
export CCACHE_DEPEND=1
# Another clone of the same sources hits the cache.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

log=build/$preset.configure.log
mkdir -p build
if [ ! -f "build/$preset/build.ninja" ]; then
  cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
fi
targets=()
[ $# -gt 0 ] && targets=(--target "$@")
cmake --build --preset "$preset" "${targets[@]}"
