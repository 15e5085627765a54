#!/usr/bin/env bash
# Prints the path of promtool, which checks alert rules for Prometheus. Without
# one on the PATH it is taken out of Debian's package, which is not installed:
# that would start a server.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v promtool; then
	exit 0
fi
if [[ ! -x bin/promtool ]]; then
	command -v apt-get >/dev/null || {
		echo "Missing here; please install promtool, which comes with Prometheus" >&2
		exit 1
	}
	folder=$(mktemp -d)
	trap 'rm -rf "$folder"' EXIT
	chmod 755 "$folder" # apt-get downloads as another user
	download() { (cd "$folder" && apt-get download -q prometheus); }
	if ! download >&2; then
		apt-get update -q >&2
		download >&2
	fi
	dpkg-deb -x "$folder"/prometheus_*.deb "$folder/files"
	mkdir -p bin
	mv "$folder/files/usr/bin/promtool" bin/promtool
fi
echo "$PWD/bin/promtool"
