#!/usr/bin/env bash
# Prints the path of a Chromium or Chrome that starts. Ubuntu's package is only
# a pointer to a snap, so being there is not enough.
set -euo pipefail

for name in "${TILLPOST_TEST_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
	if [[ -n $name ]] && path=$(command -v "$name") && "$path" --version >/dev/null 2>&1; then
		echo "$path"
		exit 0
	fi
done
exit 1
