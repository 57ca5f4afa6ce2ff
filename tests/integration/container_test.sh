#!/usr/bin/env bash
# The container image as an operator runs it: read-only, without capabilities,
# as a number, on a published loopback port. Needs root, podman and runc
# (deploy/packages-image.txt).
#
#   tests/integration/container_test.sh [IMAGE [CLIENT]]
#
# Default: localhost/phosphene:cpu as deploy/image.sh makes it, and the built
# client. Ends with a line "N passed, N failed".
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
image=${1:-localhost/phosphene:cpu}
client=$(realpath "${2:-$root/build/release/bin/phosphene}")
name=phosphene-test-$$
work=$(mktemp -d)
# crun of Debian 12 refuses some machines' cgroups, and raising limits takes a
# capability that this machine's root may lack.
engine=(podman --runtime runc --cgroup-manager cgroupfs)
limits=(--ulimit nofile=1024:1024 --ulimit nproc=4096:4096)
confined=(--read-only --cap-drop all --security-opt no-new-privileges --memory 4g)

clean_up() {
  "${engine[@]}" rm --force --time 1 "$name" >/dev/null 2>&1 || true
  "${engine[@]}" volume rm --force "$name" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean_up EXIT

passed=0 failed=0
check() {  # sentence, command ...
  local sentence=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $sentence"
  else
    failed=$((failed + 1))
    echo "FAILED  $sentence"
    sed 's/^/        /' "$work/output"
  fi
}
inside() { "${engine[@]}" exec "$name" "$@"; }
# Waits until the server says that it serves; the log of a restarted container
# holds the line of every start.
serves() {  # starts so far
  [ "$(grep -m "$1" -c 'serving on' < <(timeout 60 "${engine[@]}" logs --follow "$name" 2>&1))" = "$1" ]
}
says_tls_is_missing() {
  local status=0
  "${engine[@]}" run --rm "${limits[@]}" "${confined[@]}" "$image" >"$work/refusal" 2>&1 || status=$?
  cat "$work/refusal"
  [ "$status" -ne 0 ] && grep -q -- '--insecure' "$work/refusal"
}
starts() {
  "${engine[@]}" run --detach --name "$name" "${limits[@]}" "${confined[@]}" --volume "$name:/data" \
    --publish 127.0.0.1::50051 "$image" --insecure
}
address() { "${engine[@]}" port "$name" 50051/tcp; }
makes_a_picture() {
  HOME=$work "$client" --server "$(address)" feature --layer mixed4a --channel 5 --size 64 --steps 8 \
    -o "$work/feature.png" && [ "$(head -c 4 "$work/feature.png" | tail -c 3)" = PNG ]
}
lists_the_job() { HOME=$work "$client" --server "$(address)" jobs list | grep succeeded; }
ended_well() {
  "${engine[@]}" stop --time 20 "$name" &&
    [ "$("${engine[@]}" inspect --format '{{.State.ExitCode}}' "$name")" = 0 ]
}

check "an open port without TLS must be asked for" says_tls_is_missing
check "it starts" starts
check "it serves" serves 1
check "it is user 10001" test "$(inside id -u)" = 10001
check "it has no capability" inside grep -q '^CapEff:[[:space:]]*0*$' /proc/1/status
check "it can gain none" inside grep -q '^NoNewPrivs:[[:space:]]*1$' /proc/1/status
check "its root is read-only" inside sh -c '! touch /usr/local/x'
check "its data are not" inside touch /data/x
check "it holds no compiler" inside sh -c '! command -v c++ && ! command -v cmake && ! command -v ninja'
check "a client outside makes a picture over the published port" makes_a_picture
check "its health check is content" "${engine[@]}" healthcheck run "$name"
check "SIGTERM ends it well" ended_well
check "it starts again" "${engine[@]}" start "$name"
check "it serves again" serves 2
check "the job of before is still there" lists_the_job
check "SIGTERM ends it well again" ended_well

"${engine[@]}" image inspect --format '{{.Size}}' "$image" | awk '{printf "image: %d MB\n", $1 / 1e6}'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
