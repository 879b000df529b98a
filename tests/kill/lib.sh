# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What kill-test, failover-test and lag-test share: servers of their own that may be stopped, a history of all kinds of
# steps, and what must be equal in the end. Sourced, never run.

# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

psql=$(printf '%s\n' /usr/lib/postgresql/*/bin/psql | sort -V | tail -1)
[[ -x $psql ]] || psql=psql
command -v "$psql" >/dev/null || die "psql is missing: run scripts/setup --client"
history=$root/tests/kill/history

as_server=(setpriv)
if [[ $EUID -eq 0 ]]; then   # PostgreSQL refuses to run as root
  user=postgres
  id -u "$user" >/dev/null 2>&1 || user=nobody
  as_server+=(--reuid "$(id -u "$user")" --regid "$(id -g "$user")" --clear-groups)
fi

directory=$(mktemp -d "/tmp/pgsluice-kill.$$.XXXX")
chmod 755 "$directory"
[[ $EUID -ne 0 ]] || chown "$user": "$directory"
declare -A pids=()   # of the servers, by name

stop_server() {   # name, signal
  [[ -n ${pids[$1]:-} ]] || return 0
  kill "-$2" "${pids[$1]}" 2>/dev/null || true
  wait "${pids[$1]}" 2>/dev/null || true
  unset "pids[$1]"
}

leave() {
  local name
  for name in "${!pids[@]}"; do stop_server "$name" QUIT; done
  rm -rf "$directory"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

sql_on() { local server=$1; shift; "$psql" -XAtq -v ON_ERROR_STOP=1 -h "$directory/$server" -U postgres "$@"; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
pause_ms() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }

make_cluster() {   # version, name
  mkdir -p "$directory/$2"
  [[ $EUID -ne 0 ]] || chown "$user": "$directory/$2"
  if [[ -e $cache/clusters/$1/PG_VERSION ]]; then
    cp -a "$cache/clusters/$1" "$directory/$2/data"
    [[ $EUID -ne 0 ]] || chown -R "$user": "$directory/$2/data"
  else
    "${as_server[@]}" "$cache/servers/$1/bin/initdb" -D "$directory/$2/data" -U postgres -A trust -E UTF8 --locale=C -N \
      >"$directory/$2/log"
  fi
}

start_server() {   # version, name
  local i
  "${as_server[@]}" --pdeathsig QUIT "$cache/servers/$1/bin/postgres" -D "$directory/$2/data" \
    -c "unix_socket_directories=$directory/$2" -c listen_addresses= -c fsync=off -c full_page_writes=off \
    -c shared_buffers=32MB -c autovacuum=off -c jit=off -c max_connections=100 -c timezone=UTC -c log_timezone=UTC \
    -c wal_retrieve_retry_interval=100ms >>"$directory/$2/log" 2>&1 </dev/null &
  pids[$2]=$!
  for ((i = 0; i < 3000; i++)); do
    if sql_on "$2" -d postgres -c 'SELECT 1' >/dev/null 2>&1; then return 0; fi
    kill -0 "${pids[$2]}" 2>/dev/null || break
    sleep 0.02
  done
  cat "$directory/$2/log" >&2
  die "PostgreSQL $1 did not start"
}

# Two servers, the second one a standby of the first.
start_pair() {   # version
  make_cluster "$1" a
  cp -a "$directory/a" "$directory/b"
  touch "$directory/b/data/standby.signal"
  printf "primary_conninfo = 'host=%s user=postgres application_name=b'\n" "$directory/a" >>"$directory/b/data/postgresql.auto.conf"
  [[ $EUID -ne 0 ]] || chown -R "$user": "$directory/b"
  start_server "$1" a
  start_server "$1" b
  sql_on a -d postgres -c "CREATE DATABASE shop TEMPLATE template0"
  until [[ $(sql_on b -d postgres -c "SELECT count(*) FROM pg_database WHERE datname = 'shop'") == 1 ]]; do sleep 0.02; done
}

stop_pair() {
  stop_server a QUIT
  stop_server b QUIT
  rm -rf "$directory/a" "$directory/b"
}

# Nothing of a run may act later: an orphan that waited for a lock, for example.
sessions_are_gone() {   # server, database
  local i
  for ((i = 0; i < 200; i++)); do
    [[ $(sql_on "$1" -d postgres -c "SELECT count(*) FROM pg_stat_activity WHERE datname = '$2'") != 0 ]] || return 0
    sleep 0.05
  done
  return 1
}

state_of() { sql_on "$1" -d "$2" -f "$root/tests/kill/state.sql"; }   # server, database
