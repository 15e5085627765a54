#!/usr/bin/env bash
# Runs a generator and fails if that changed any file that the pattern (of git)
# matches. It compares before with after, so it works among uncommitted changes.
#
# usage: scripts/current.sh PATTERN GENERATOR [ARGUMENT…]
set -euo pipefail
cd "$(dirname "$0")/.."

pattern=$1
shift

sums() {
	git ls-files -z --cached --others --exclude-standard -- "$pattern" |
		sort -zu | { xargs -0 -r sha256sum 2>/dev/null || true; }
}

before=$(sums)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$@" >"$log" 2>&1 || {
	cat "$log" >&2
	exit 1
}
after=$(sums)
if [[ $before != "$after" ]]; then
	echo "Not current; '$*' changed these, please commit them:" >&2
	diff <(echo "$before") <(echo "$after") | sed -n 's/^[<>] [0-9a-f]*  /  /p' | sort -u >&2
	exit 1
fi
