#!/usr/bin/env bash
# Runs every fuzz target of the given packages for a while each.
# usage: fuzz.sh TIME [PACKAGE…]
set -euo pipefail
time=$1
shift
for package in $(go list "${@:-./...}"); do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		echo "== $package $target"
		go test -run='^$' -fuzz="^$target\$" -fuzztime="$time" "$package"
	done
done
