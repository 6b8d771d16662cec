#!/usr/bin/env bash
# Static checks. Arguments: the package patterns of every module.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "lint: rules of the layout"
go test -count=1 ./tools/layout/

echo "lint: golangci-lint"
GOWORK=off go build -C tools/external/golangci-lint -o "$PWD/bin/tools/golangci-lint" github.com/golangci/golangci-lint/v2/cmd/golangci-lint
bin/tools/golangci-lint run "$@"

echo "lint: proto"
GOWORK=off go build -C tools/external/buf -o "$PWD/bin/tools/buf" github.com/bufbuild/buf/cmd/buf
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
(
	cd proto
	export GOWORK=off
	../bin/tools/buf lint
	../bin/tools/buf generate --output "$fresh"
)
while IFS= read -r -d '' generated; do
	cmp -s "$generated" "proto/${generated#"$fresh"/}" || {
		echo "lint: proto/${generated#"$fresh"/} is stale; run: make generate" >&2
		exit 1
	}
done < <(find "$fresh" -name '*.go' -print0)

echo "lint: SQL of every dialect"
tools/sqlgate/check.sh

echo "lint: ledger"
go run ./tools/ledger >/dev/null
