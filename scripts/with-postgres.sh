#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own, which lives in a temporary
# folder, listens on a free port of the loopback and ends with the command.
# The command finds it in TILLPOST_TEST_POSTGRES_URL, as a superuser.
#
# Tests throw the data away, so that nothing waits for the disk; with
# POSTGRES_FSYNC=on it does, as in production, for measurements.
#
# usage: scripts/with-postgres.sh COMMAND [ARGUMENT…]
set -euo pipefail

bin=$("$(dirname "$0")/postgres-bin.sh") || {
	echo "PostgreSQL's server programs were not found; run scripts/ensure.sh postgres" >&2
	exit 1
}

folder=$(mktemp -d "${TMPDIR:-/tmp}/tillpost-postgres.XXXXXX")
child=

# PostgreSQL refuses to run as root, so there it runs as another user.
as_owner=()
if [[ $(id -u) == 0 ]]; then
	owner=postgres
	id "$owner" >/dev/null 2>&1 || owner=nobody
	chown "$owner" "$folder"
	as_owner=(runuser -u "$owner" --)
fi

# owned runs a program as PostgreSQL's user, from a folder that it may enter.
owned() {
	(cd "$folder" && exec ${as_owner[@]+"${as_owner[@]}"} "$@")
}

# shellcheck disable=SC2317 # a trap calls it
stop() {
	trap - EXIT INT TERM
	if [[ -n $child ]] && kill -0 "$child" 2>/dev/null; then
		kill -TERM "$child" 2>/dev/null || true
		wait "$child" 2>/dev/null || true
	fi
	if [[ -e $folder/data/postmaster.pid ]]; then
		owned "$bin/pg_ctl" stop -D "$folder/data" -m immediate -s || true
	fi
	rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
(umask 077 && echo "$password" >"$folder/password")
[[ $(id -u) != 0 ]] || chown "$owner" "$folder/password"
owned "$bin/initdb" -D "$folder/data" -U tillpost -A scram-sha-256 --pwfile="$folder/password" \
	-E UTF8 --locale=C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 || {
	cat "$folder/initdb.log" >&2
	exit 1
}

cat >>"$folder/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
shared_buffers = 128MB
fsync = ${POSTGRES_FSYNC:-off}
full_page_writes = ${POSTGRES_FSYNC:-off}
synchronous_commit = ${POSTGRES_FSYNC:-off}
max_wal_size = 1GB
jit = off
timezone = 'UTC'
CONF

# A port may be taken between the choice and the start: then another one is.
port=
for _ in {1..20}; do
	try=$((20000 + RANDOM % 20000))
	if owned "$bin/pg_ctl" start -D "$folder/data" -l "$folder/server.log" -o "-p $try" -w -s >/dev/null 2>&1; then
		port=$try
		break
	fi
done
if [[ -z $port ]]; then
	echo "PostgreSQL did not start:" >&2
	tail -n 20 "$folder/server.log" >&2 || true
	exit 1
fi

export TILLPOST_TEST_POSTGRES_URL="postgres://tillpost:$password@127.0.0.1:$port/postgres?sslmode=disable"
# In the background, so that a signal ends it at once and not after the command.
"$@" <&0 &
child=$!
status=0
wait "$child" || status=$?
child=
exit "$status"
