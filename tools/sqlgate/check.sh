#!/usr/bin/env bash
# Parses every statement that config-sync sends to Oracle and SQL Server by a grammar of that
# database. The parsers are installed below bin/ on the first run; no lock file is written.
set -euo pipefail
cd "$(dirname "$0")/../.."

wanted=(
	@griffithswaite/ts-plsql-parser@1.1.1
	antlr4@4.13.0
	node-sql-parser@5.4.0
)
cache=bin/sqlgate

command -v node >/dev/null && command -v npm >/dev/null || {
	echo "sqlgate: node and npm are missing; install them: apt-get install nodejs npm" >&2
	exit 1
}
installed() {
	local package=$1 version=${1##*@} name=${1%@*}
	[ -f "$cache/node_modules/$name/package.json" ] &&
		[ "$(node -p "require('./$cache/node_modules/$name/package.json').version")" = "$version" ]
}
for package in "${wanted[@]}"; do
	if ! installed "$package"; then
		mkdir -p "$cache"
		npm install --prefix "$cache" --no-package-lock --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "${wanted[@]}" >/dev/null
		break
	fi
done

# Modules are looked for from where the script is.
cp tools/sqlgate/gate.mjs "$cache/gate.mjs"
node "$cache/gate.mjs" services/config-sync/configdb/testdata/statements
