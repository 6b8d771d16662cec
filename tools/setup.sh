#!/usr/bin/env bash
# Installs the Debian packages that the tests run against, where they are missing. Safe to repeat.
set -euo pipefail

# command that proves it -> package
needed=(
	redis-server:redis-server
	/usr/lib/postgresql/*/bin/initdb:postgresql
	/usr/sbin/pgbouncer:pgbouncer
	opusinfo:opus-tools
	openssl:openssl
	node:nodejs
	npm:npm
	gcc:gcc
	/usr/include/stdio.h:libc6-dev
)

missing=()
for entry in "${needed[@]}"; do
	probe=${entry%%:*} package=${entry##*:}
	case $probe in
	/*) compgen -G "$probe" >/dev/null || missing+=("$package") ;;
	*) command -v "$probe" >/dev/null || missing+=("$package") ;;
	esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "setup: the tests need these Debian packages: ${missing[*]}" >&2
	echo "setup: install them with: sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
	exit 1
fi
echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
