#!/usr/bin/env bash
# A real Prometheus scrapes a real phosphened every second while jobs run, and
# is then asked what it saw. Needs the Debian package prometheus and a build:
#
#   tests/bench/prometheus.sh [SECONDS]      default: 600
#
# PHOSPHENE_BIN names another folder of programs than build/release/bin.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-600}
bin=${PHOSPHENE_BIN:-$root/build/release/bin}
folder=$(mktemp -d)
server= prometheus=
finish() {
  for pid in $prometheus $server; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

"$bin/phosphened" --listen "unix:$folder/socket" --data "$folder/data" \
  --http 127.0.0.1:0 --threads 1 >"$folder/ready" 2>"$folder/log" &
server=$!
until grep -q serving "$folder/ready" 2>/dev/null; do
  kill -0 "$server" || { cat "$folder/log" >&2; exit 1; }
  sleep 0.1
done
target=$(sed -n 's/.*http \([^,)]*\).*/\1/p' "$folder/ready")

cat >"$folder/prometheus.yml" <<YML
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: phosphene
    static_configs: [{targets: ["$target"]}]
YML
own=127.0.0.1:$(free_port)
prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/tsdb" \
  --web.listen-address="$own" --log.level=error >"$folder/prometheus.log" 2>&1 &
prometheus=$!

jobs=0
end=$((SECONDS + seconds))
while [ "$SECONDS" -lt "$end" ]; do
  "$bin/phosphene" --quiet --server "unix:$folder/socket" feature --layer mixed4a --channel $((jobs % 100)) \
    --size 64 --steps 64 -o "$folder/out.png" >/dev/null
  jobs=$((jobs + 1))
done

ask() { # a query; the first value
  curl -sG "http://$own/api/v1/query" --data-urlencode "query=$1" |
    python3 -c 'import json, sys; r = json.load(sys.stdin)["data"]["result"]; print(r[0]["value"][1] if r else "none")'
}
echo "scrapes           $(ask "count_over_time(up[${seconds}s])")"
echo "share with up==1  $(ask "avg_over_time(up[${seconds}s])")"
echo "slowest scrape, s $(ask "max_over_time(scrape_duration_seconds[${seconds}s])")"
echo "mean scrape, s    $(ask "avg_over_time(scrape_duration_seconds[${seconds}s])")"
echo "samples a scrape  $(ask "scrape_samples_scraped")"
echo "jobs made         $jobs"
echo "jobs it counted   $(ask 'phosphene_jobs_finished_total{state="SUCCEEDED"}')"
kill -0 "$server" && echo "phosphened lives"
