#!/usr/bin/env bash
# Makes sure that the named tools are there: gcc, git, npm, postgres, chromium.
# As root on Debian or Ubuntu it installs what is missing; otherwise it says in
# one line what to install.
set -euo pipefail
cd "$(dirname "$0")"

have() {
	case $1 in
	gcc) echo 'int main(void) { return 0; }' | gcc -x c -o /dev/null - 2>/dev/null ;;
	postgres) ./postgres-bin.sh >/dev/null ;;
	chromium) ./chromium.sh >/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

package() {
	case $1 in
	gcc) echo build-essential ;;
	postgres) echo postgresql ;;
	*) echo "$1" ;;
	esac
}

missing=()
for tool in "$@"; do
	have "$tool" || missing+=("$(package "$tool")")
done
if ((${#missing[@]} == 0)); then
	exit 0
fi

if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
	echo "Missing here; please install: ${missing[*]} (on Debian: sudo apt-get install ${missing[*]})" >&2
	exit 1
fi

install() {
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}
echo "Installing ${missing[*]}" >&2
# The lists of packages are fetched only when those at hand will not do.
if ! install >&2; then
	apt-get update -q >&2
	install >&2
fi
for tool in "$@"; do
	have "$tool" || {
		echo "Installed $(package "$tool"), yet no working $tool was found; please install one by hand" >&2
		exit 1
	}
done
