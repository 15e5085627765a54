#!/usr/bin/env bash
# Prints the folder of PostgreSQL's server programs, the newest if there are
# several; Debian keeps them off the PATH.
set -euo pipefail

if command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
	dirname "$(command -v initdb)"
	exit 0
fi
found=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort --version-sort | tail -n 1 || true)
if [[ -z $found ]]; then
	exit 1
fi
dirname "$found"
