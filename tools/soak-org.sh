#!/usr/bin/env bash
# Runs random call histories through the conversation model and posts what it sends to a lab org of
# its own, on a free loopback port: the org decides by its own rules. Arguments go to the soak.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
lab=
trap '[ -z "$lab" ] || { kill "$lab" && wait "$lab" || true; }; rm -rf "$dir"' EXIT
LAB_OAUTH_SECRET=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export LAB_OAUTH_SECRET
go build -o "$dir/soak" ./tests/soak
LAB_HTTP_ADDR=127.0.0.1:0 LAB_DIR=$dir/lab LAB_MCP_DEST=http://127.0.0.1:9 LAB_FEED_TOKEN=unused LAB_WEBDAV_PASSWORD=unused \
  CONFIG_DB_NAME=$dir/config.db bin/lab serve >"$dir/lab.log" 2>&1 &
lab=$!
url=
for _ in $(seq 100); do
  url=$(sed -n 's/.*"msg":"listening".*"http":"\([^"]*\)".*/http:\/\/\1/p' "$dir/lab.log")
  [ -z "$url" ] || break
  kill -0 "$lab" 2>/dev/null || { cat "$dir/lab.log" >&2; exit 1; }
  sleep 0.1
done
[ -n "$url" ] || { echo "the lab does not listen after 10 s:" >&2; cat "$dir/lab.log" >&2; exit 1; }
"$dir/soak" -org "$url" "$@"
