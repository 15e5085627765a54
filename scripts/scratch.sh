#!/usr/bin/env bash
# Prints a folder for what tests write and throw away: in memory where there is
# plenty, so that hundreds of databases wait for no disk. TMPDIR, when it is set,
# stays what it is.
set -euo pipefail

usual=${TMPDIR:-/tmp}
memory=/dev/shm
enough=$((6 * 1024 * 1024)) # KiB

# roomy says whether so much can be written there, and programs run from there.
roomy() {
	[[ -d $memory && -w $memory ]] || return 1
	(($(df -Pk "$memory" | awk 'END { print $4 }') > enough)) || return 1
	(($(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo) > enough)) || return 1
	local program
	program=$(mktemp "$memory/tillpost-scratch.XXXXXX")
	printf '#!/bin/sh\n' >"$program"
	chmod +x "$program"
	"$program" 2>/dev/null && rm -f "$program" || {
		rm -f "$program"
		return 1
	}
}

if [[ -z ${TMPDIR:-} ]] && roomy; then
	echo "$memory"
else
	echo "$usual"
fi
