#!/usr/bin/env bash
# Builds the container image of Dockerfile by buildah, without a registry: the
# base is debootstrapped from Debian's archive once. As root.
#
#   deploy/image.sh [IMAGE] [-- OPTION ...]     default: localhost/phosphene:cpu
#
# OPTIONs go to `buildah build`. BASE=IMAGE in the environment takes another
# base of Debian 12. The builder's own cache of libtorch and of ccache
# (${XDG_CACHE_HOME:-~/.cache}) is used and filled.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
image=localhost/phosphene:cpu
[ $# -gt 0 ] && [ "$1" != -- ] && { image=$1; shift; }
[ "${1:-}" = -- ] && shift
cd "$root"

[ "$(id -u)" -eq 0 ] || { echo "image.sh: run as root; debootstrap needs it" >&2; exit 1; }
"$root/deploy/install_packages.sh" "$root/deploy/packages-image.txt"

base=${BASE:-localhost/debian:bookworm}
if [ -z "${BASE:-}" ] && ! buildah inspect --type image "$base" >/dev/null 2>&1; then
  work=$(mktemp -d /var/tmp/phosphene-base.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  echo "Making the base $base by debootstrap" >&2
  debootstrap --variant=minbase bookworm "$work/tree" http://deb.debian.org/debian >"$work/log" ||
    { tail -n 20 "$work/log" >&2; exit 1; }
  # As in Debian's own image: security updates, and no pictures of packages.
  cat >"$work/tree/etc/apt/sources.list" <<'LIST'
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
LIST
  chroot "$work/tree" sh -c 'apt-get update -qq && apt-get upgrade -y -qq >/dev/null && apt-get clean'
  rm -rf "$work"/tree/var/lib/apt/lists/* "$work"/tree/var/cache/apt/* "$work"/tree/var/log/* \
    "$work"/tree/etc/{resolv.conf,hostname,machine-id}
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$work/tree" / >/dev/null
  buildah config --cmd /bin/bash "$container"
  buildah commit --quiet --rm "$container" "$base" >/dev/null
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}
mkdir -p "$cache/phosphene" "$cache/ccache"
buildah build --layers --isolation chroot --pull-never --format docker --target cpu \
  --build-arg BASE="$base" \
  --build-arg CCACHE_MAXSIZE="$(ccache -k max_size)" \
  --build-arg REVISION="$(git rev-parse HEAD 2>/dev/null || echo unknown)" \
  --volume "$cache/phosphene:/root/.cache/phosphene" --volume "$cache/ccache:/root/.cache/ccache" \
  --tag "$image" "$@" .
