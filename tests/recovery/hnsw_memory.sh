# Builds where memory is short: graphs larger than their control group may hold, and one larger than /dev/shm. Both need
# root, and are left out with the reason where the system does not allow them. Read by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # scratch, check; at_exit
. tests/recovery/hnsw_lib.sh

# Sums of two of 200 vectors: many different values in little time.
hnsw_wide() { # hnsw_wide DATABASE ROWS
    sql postgres -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1" >/dev/null
    sql "$1" -c "CREATE EXTENSION $extension" -c 'CREATE TABLE parts (id int PRIMARY KEY, v vector(512))' -c 'SELECT setseed(0.5)' \
        -c "INSERT INTO parts SELECT i, ARRAY(SELECT random() - 0.5 FROM generate_series(1, 512) WHERE i >= 0)::vector FROM generate_series(0, 199) AS i" \
        -c 'CREATE TABLE t (id int, v vector(512)) WITH (autovacuum_enabled = off, parallel_workers = 2)' -c 'ALTER TABLE t ALTER v SET STORAGE plain' \
        -c "INSERT INTO t SELECT i, a.v + b.v FROM generate_series(1, $2) AS i JOIN parts AS a ON a.id = i % 200 JOIN parts AS b ON b.id = i / 200" \
        -c 'VACUUM (FREEZE, ANALYZE) t' >/dev/null
}

takes_processes() { sh -c 'echo $$ >"$1/cgroup.procs"' sh "$group" 2>/dev/null; }
# make_group MEGABYTES: a control group of that size in $group, with what counts how often the limit was met in $met; or why not in $reason.
make_group() {
    local root=/sys/fs/cgroup
    group='' reason=''
    if [ "$(id -u)" -ne 0 ]; then
        reason='only root makes control groups'
    elif grep -qsw memory "$root/cgroup.controllers"; then
        echo +memory 2>/dev/null >"$root/cgroup.subtree_control" || :
        group=$root/quiver.$$ met=$root/quiver.$$/memory.events
        mkdir "$group" 2>/dev/null && echo "${1}M" 2>/dev/null >"$group/memory.max" && takes_processes && return
    elif [ -d "$root/memory" ]; then
        group=$root/memory/quiver.$$ met=$root/memory/quiver.$$/memory.failcnt
        mkdir "$group" 2>/dev/null && echo "${1}M" 2>/dev/null >"$group/memory.limit_in_bytes" && takes_processes && return
    fi
    rmdir "$group" 2>/dev/null || :
    group='' reason=${reason:-the system does not let this process make control groups with a memory limit}
}
limit_met() { awk '$1 == "max" { print $2 } NF == 1 { print $1 }' "$met" | awk '{ print ($1 > 0) ? "yes" : "no" }'; }
remove_group() {
    [ -n "${group:-}" ] || return 0
    server stop -m fast || :
    for _ in $(seq 50); do
        rmdir "$group" 2>/dev/null && break
        sleep 0.1
    done
    group=''
}

make_group 80
if [ -z "$group" ]; then
    echo "ok - # SKIP a build larger than its control group: $reason"
else
    at_exit=remove_group
    hnsw_wide tight 30000
    sql postgres -c "ALTER SYSTEM SET shared_buffers = '16MB'" >/dev/null
    server restart -m fast -l "$log"
    head -n 1 "$PGDATA/postmaster.pid" >"$group/cgroup.procs"
    before=$(crashes)
    # 30,000 values of 2 kB and what belongs to them: 73 MB, beside the server's own memory and its workers.
    for workers in 0 2; do
        check "a build with codes larger than its control group succeeds, $workers workers" 'CREATE INDEX' "$(PGOPTIONS='-c client_min_messages=error' psql -Xt -d tight 2>&1 <<SQL | tail -n 1
SET maintenance_work_mem = '16MB'; SET max_parallel_maintenance_workers = $workers;
DROP INDEX IF EXISTS t_v;
CREATE INDEX t_v ON t USING hnsw (v vector_l2_ops) WITH (m = 16, ef_construction = 32, quantizer = rabitq);
SQL
        )"
    done
    # Without codes nothing goes to a file: the graph ends where maintenance_work_mem does, and the rest is inserted.
    check 'one without codes ends its graph at maintenance_work_mem' 'NOTICE:  hnsw graph no longer fits into maintenance_work_mem CREATE INDEX' "$(psql -Xt -d tight 2>&1 <<SQL |
SET maintenance_work_mem = '16MB'; SET max_parallel_maintenance_workers = 0;
CREATE INDEX plain_v ON t USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 16);
SQL
        grep -oE '^NOTICE:  hnsw graph no longer fits into maintenance_work_mem|^CREATE INDEX|ERROR.*|.*terminat.*' | paste -sd' ')"
    check 'the limit was met' yes "$(limit_met)"
    check 'nobody was killed for it' "$before" "$(crashes)"
    sql postgres -c 'ALTER SYSTEM RESET shared_buffers' >/dev/null
    remove_group
    at_exit=:
    server start -l "$log"
    check 'and the index is whole' '30000 0 {}' "$(sql tight -c "SELECT heap_rows || ' ' || unreachable || ' ' || problems::text FROM quiver.hnsw_verify('t_v')")"
    check 'and so is the other' '30000 0 {}' "$(sql tight -c "SELECT concat_ws(' ', heap_rows, unreachable, problems) FROM quiver.hnsw_verify('plain_v')")"
    sql postgres -c 'DROP DATABASE tight' >/dev/null
fi

if [ "$(id -u)" -ne 0 ] || ! unshare --mount --propagation private mount -t tmpfs -o size=8m tmpfs /dev/shm 2>/dev/null; then
    echo 'ok - # SKIP builds with a small /dev/shm: only root mounts another one'
else
    hnsw_wide narrow 10000
    server stop -m fast
    # A server of this cluster in a mount namespace of its own; it needs a few megabytes for itself. The graph takes 22.
    leave_namespace() { server restart -m fast -l "$log"; }
    at_exit=leave_namespace
    # shellcheck disable=SC2016  # the inner shell expands it
    PGTREE=$here bash -c 'exec unshare --mount --propagation private bash -c "
        mount -t tmpfs -o size=8m,mode=1777 tmpfs /dev/shm && here=\$PGTREE && . tests/tools/pgtree.sh &&
        pgtree_as_server \"\$(command -v pg_ctl)\" -D \"\$PGDATA\" -s -w -l \"\$PGDATA/server.log\" start"' >>"$scratch/pg_ctl.log" 2>&1
    check 'dynamic shared memory is in /dev/shm' posix "$(sql narrow -c 'SHOW dynamic_shared_memory_type')"
    check 'which has eight megabytes' 1 "$(grep -cE ' /dev/shm .*size=8192k' "/proc/$(head -n 1 "$PGDATA/postmaster.pid")/mountinfo")"
    for quantizer in none rabitq; do
        check "a build with workers succeeds there, quantizer = $quantizer" 'using 2 parallel workers CREATE INDEX' "$(PGOPTIONS='-c client_min_messages=debug1' psql -Xt -d narrow 2>&1 <<SQL | grep -oE 'using 2 parallel workers|ERROR.*|^CREATE INDEX' | paste -sd' '
SET maintenance_work_mem = '512MB'; SET max_parallel_maintenance_workers = 2;
DROP INDEX IF EXISTS t_v;
CREATE INDEX t_v ON t USING hnsw (v vector_l2_ops) WITH (m = 16, ef_construction = 32, quantizer = $quantizer);
SQL
        )"
    done
    leave_namespace
    at_exit=:
    check 'and the index is whole' '10000 0 {}' "$(sql narrow -c "SELECT heap_rows || ' ' || unreachable || ' ' || problems::text FROM quiver.hnsw_verify('t_v')")"
    sql postgres -c 'DROP DATABASE narrow' >/dev/null
fi
