# Clusters of their own for the audit's tests: start, stop, kill, ask. Sourced by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # here, scratch, bindir; names used by the tests

. "$here/tests/tools/checks.sh"
holds() { # holds WHAT COMMAND...
    local what=$1
    shift
    if "$@"; then check "$what" yes yes; else check "$what" yes no; fi
}

# make_cluster NAME [SETTING=VALUE...]: a data directory with those settings, not started.
make_cluster() {
    local name=$1 setting
    shift
    if [ ! -d "$scratch/template" ]; then
        mkdir "$scratch/template"
        pgtree_give "$scratch/template"
        pgtree_as_server "$bindir/initdb" -D "$scratch/template" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
            --no-sync >"$scratch/initdb.log" 2>&1 || { cat "$scratch/initdb.log" >&2; exit 1; }
    fi
    cp -a "$scratch/template" "$scratch/$name"
    mkdir -p "$scratch/socket_$name"
    pgtree_give "$scratch/socket_$name"
    {
        printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$scratch/socket_$name'" 'fsync = off' \
            "timezone = 'UTC'" 'max_connections = 30' "log_line_prefix = '%m [%p] '" 'max_wal_senders = 4' \
            "$([[ $* != *preload_libraries=quiver* ]] || printf "quiver.audit_exclude_roles = 'auditor'\nquiver.audit_ring_size = '1MB'")"
        for setting; do printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}"; done
    } >>"$scratch/$name/postgresql.conf"
}

# use NAME: the cluster that q, ask and the rest talk to.
use() { cluster=$1 data=$scratch/$1 PGHOST=$scratch/socket_$1 && export PGHOST PGPORT=5432 PGUSER=postgres PGDATABASE=postgres; }
start() { pgtree_as_server "$bindir/pg_ctl" -D "$data" -s -w -t 60 -l "$data/server.log" start >>"$scratch/pg_ctl.log" 2>&1; }
stop() { pgtree_as_server "$bindir/pg_ctl" -D "$data" -s -w -m "${1:-fast}" stop >>"$scratch/pg_ctl.log" 2>&1; }
# kill_server: the postmaster dies without a word; its children notice and go.
kill_server() {
    local pid
    pid=$(head -n 1 "$data/postmaster.pid")
    kill -KILL "$pid"
    for _ in $(seq 100); do
        start && return
        sleep 0.1
    done
    return 1
}
wait_for() { # wait_for SECONDS COMMAND...
    local tries=$(($1 * 10))
    shift
    for _ in $(seq "$tries"); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.1
    done
    return 1
}

new_cluster() { # new_cluster NAME [SETTING=VALUE...]: made, started, with the extension and an auditor
    local name=$1
    make_cluster "$@"
    use "$name"
    start || { cat "$data/server.log" >&2; exit 1; }
    psql -Xq -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION quiver' -c 'CREATE ROLE auditor SUPERUSER LOGIN'
}

make_standby() { # make_standby NAME: of the cluster in use, not started
    mkdir "$scratch/$1" "$scratch/socket_$1" && pgtree_give "$scratch/$1" "$scratch/socket_$1"
    chmod 700 "$scratch/$1"
    pgtree_as_server "$bindir/pg_basebackup" -h "$PGHOST" -U postgres -D "$scratch/$1" -R -X stream -c fast >"$scratch/backup.log" 2>&1
    sed -i "s|socket_$cluster|socket_$1|" "$scratch/$1/postgresql.conf"
    echo "wal_retrieve_retry_interval = '200ms'" >>"$scratch/$1/postgresql.conf"
}
promote() {
    pgtree_as_server "$bindir/pg_ctl" -D "$data" -s -w promote
    wait_for 20 bash -c "[ \"\$(psql -XqAt -U auditor -c 'SELECT pg_is_in_recovery()')\" = f ]" || :
}
# q STATEMENT...: one session; rows and errors.
q() {
    local arguments=() statement
    for statement; do arguments+=(-c "$statement"); done
    PGOPTIONS="${PGOPTIONS:-} -c client_min_messages=error" psql -XqAt "${arguments[@]}" 2>&1 || :
}
# ask STATEMENT: by the auditor, whose statements are not audited.
ask() { psql -XqAt -U auditor -c "$1" 2>&1 || :; }
answers() { [ "$(ask 'SELECT 1')" = 1 ] && [ "$(ask 'SELECT is_running FROM quiver.audit_status()')" = t ]; }
worker_pid() { pgrep -P "$(head -n 1 "$data/postmaster.pid")" -f 'quiver audit'; }
mark() { since=$(ask 'SELECT clock_timestamp()'); }
# events [CONDITION] [COLUMNS]: since mark, in order, one a line.
events() {
    ask "SELECT ${2:-concat_ws(' ', class, verb, object_name)}
         FROM quiver.audit_events('$since') e
         WHERE session IS NOT NULL AND session_user_name <> 'auditor' AND kind NOT IN ('login', 'logout')
           AND (${1:-true})
         ORDER BY e.session, e.number, e.action"
}
verify() { "$verifier" "$@" 2>&1; }
verdict_has() { # verdict_has REGEX: yes, or all that the verifier said
    if grep -qE "$1" "$scratch/verdict"; then echo yes; else cat "$scratch/verdict"; fi
}

# Load, and what is known of it afterwards.
printf '%s\n' 'INSERT INTO t (pid) VALUES (pg_backend_pid());' >"$scratch/insert.sql"
printf '%s\n' 'BEGIN;' 'INSERT INTO t (pid) VALUES (pg_backend_pid());' 'SELECT count(*) FROM t WHERE id = 1;' 'COMMIT;' >"$scratch/two.sql"
load() { # load SECONDS CLIENTS SCRIPT: in the background
    PGOPTIONS='' pgbench -n -T "$1" -c "$2" -f "$scratch/$3.sql" >"$scratch/load.log" 2>&1 &
    loader=$!
}
end_load() { wait "$loader" 2>/dev/null || :; }
rows() { ask 'SELECT count(*) FROM t'; }
inserts() { ask "SELECT count(*) FROM quiver.audit_events() WHERE verb = 'INSERT' AND object_name = 'public.t' AND outcome IN ($1)"; }
problems() { ask "SELECT string_agg(DISTINCT problem, ',') FROM quiver.audit_verify() WHERE severity <> 'info'"; }
