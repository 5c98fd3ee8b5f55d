# The gaps of pgaudit, one by one: the same statements on pgaudit and on quiver, and what each has of them.
# shellcheck shell=bash disable=SC2154,SC2034  # scratch and the rest of lib.sh; PGUSER

setup_gaps() {
    q "CREATE ROLE alice LOGIN" "CREATE ROLE owner_role" "CREATE ROLE watcher" "GRANT CREATE, USAGE ON SCHEMA public TO alice, owner_role" \
        "CREATE TABLE account (id int PRIMARY KEY, balance int)" "CREATE TABLE news (id int, balance int)" \
        "CREATE TABLE hidden (id int)" "CREATE TABLE part (id int, v int) PARTITION BY RANGE (id)" \
        "CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (0) TO (100)" \
        "CREATE TABLE part_high PARTITION OF part FOR VALUES FROM (100) TO (200)" \
        "INSERT INTO account VALUES (1, 10), (2, 20)" "INSERT INTO news VALUES (2, 5), (3, 5)" \
        "GRANT ALL ON account, news, part TO alice" "GRANT SELECT, INSERT ON part_low TO watcher" \
        "CREATE TABLE large AS SELECT i AS id FROM generate_series(1, 60000) i" "ANALYZE large" \
        "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM hidden'" \
        "CREATE TABLE parent (id int PRIMARY KEY)" "CREATE TABLE child (id int REFERENCES parent ON DELETE CASCADE)" \
        "INSERT INTO parent VALUES (1), (2)" "INSERT INTO child VALUES (1)" >/dev/null
}
new_cluster gaps_peer shared_preload_libraries=pgaudit
setup_gaps
q 'CREATE EXTENSION pgaudit' >/dev/null
new_cluster gaps shared_preload_libraries=quiver quiver.audit=all,-login
setup_gaps

# On pgaudit: peer SETTINGS STATEMENT...; prints its lines without ids, text and parameters.
peer() {
    local settings=$1 before
    shift
    use gaps_peer
    before=$(wc -l <"$data/server.log")
    PGOPTIONS="$settings" q "$@" >/dev/null
    tail -n +$((before + 1)) "$data/server.log" | sed -nE 's/.*AUDIT: (SESSION|OBJECT),[0-9]+,[0-9]+,([^,]*),([^,]*),([^,]*),([^,]*),.*/\2 \3 \4 \5/p' |
        sed 's/  *$//'
}
# ours STATEMENT...; then events tells.
ours() {
    use gaps
    mark
    q "$@" >/dev/null
}
lines() { tr '\n' ';' | sed 's/;$//'; }
# Both by alice: as_alice.
as_alice() { PGUSER=alice; }
as_postgres() { PGUSER=postgres; }

merge="MERGE INTO account a USING news n ON a.id = n.id WHEN MATCHED THEN UPDATE SET balance = a.balance + n.balance WHEN NOT MATCHED THEN INSERT VALUES (n.id, n.balance)"
check 'gap 1: pgaudit has no line for MERGE under write' '' "$(peer '-c pgaudit.log=write' "$merge" | lines)"
ours "$merge"
check 'gap 1: MERGE is an event for each verb and relation' \
    'write INSERT public.account;write UPDATE public.account' "$(events "class = 'write'" | lines)"
check 'gap 1: and reads are too' 'read SELECT public.account;read SELECT public.news' \
    "$(events "class = 'read'" | sort | lines)"

cte="WITH gone AS (DELETE FROM news RETURNING *) SELECT count(*) FROM gone"
check 'gap 2: pgaudit has no line for a DELETE in WITH under write' '' "$(peer '-c pgaudit.log=write' "$cte" | lines)"
ours "$cte"
check 'gap 2: a DELETE in WITH is a write' 'write DELETE public.news' "$(events "class = 'write'" | lines)"

check 'gap 3: pgaudit has no line for what is denied or fails' '' \
    "$(PGUSER=alice peer '' 'SELECT * FROM hidden' 'SELECT * FROM no_such_table' 'CREATE TABLE account (id int)' | grep -v '^MISC' | lines)"
use gaps
mark
PGUSER=alice q 'SELECT * FROM hidden' 'SELECT * FROM no_such_table' 'CREATE TABLE account (id int)' 'SELEC 1' 'SELECT 1 / 0' >/dev/null
check 'gap 3: a denied statement names what was asked for' 'denied 42501 public.hidden' \
    "$(events "outcome = 'denied'" "concat_ws(' ', outcome, sqlstate, object_name)" | lines)"
check 'gap 3: failures have their SQLSTATE' '22012 42601 42P01 42P07' \
    "$(events "outcome = 'failed'" "sqlstate" | sort | tr '\n' ' ' | sed 's/ $//')"

check 'gap 4: to pgaudit a rolled back DELETE looks like any' 'WRITE DELETE' \
    "$(peer '-c pgaudit.log=write' 'BEGIN' 'DELETE FROM account WHERE id = 1' 'ROLLBACK' | lines)"
ours 'BEGIN' 'DELETE FROM account WHERE id = 1' 'SAVEPOINT s' 'DELETE FROM account WHERE id = 2' 'ROLLBACK TO s' \
    'COMMIT' 'BEGIN' "INSERT INTO account VALUES (9, 9)" 'ROLLBACK'
check 'gap 4: outcomes follow transactions and savepoints' \
    'DELETE committed 1;DELETE rolled back 1;INSERT rolled back 1' \
    "$(events "class = 'write'" "concat_ws(' ', verb, outcome, rows)" | lines)"
check 'gap 4: what wrote has its transaction id and its duration' 't' \
    "$(events "class = 'write' AND outcome = 'committed'" 'xid IS NOT NULL AND duration_us > 0' | lines)"

check 'gap 5: pgaudit drops what a definer function reads' '' \
    "$(PGUSER=alice peer '-c x.y=z' 'SELECT peek()' | grep hidden | lines)"
use gaps
mark
PGUSER=alice q 'SELECT peek()' >/dev/null
check 'gap 5: a definer function'"'"'s read is recorded, with who it ran as' 'read SELECT public.hidden alice postgres' \
    "$(events "object_name = 'public.hidden'" "concat_ws(' ', class, verb, object_name, session_user_name, current_user_name)" | lines)"
check 'gap 5: so is the function' 'function EXECUTE public.peek' "$(events "class = 'function'" | lines)"
mark
q 'INSERT INTO child VALUES (2)' >/dev/null
check 'gap 5: key checks of foreign keys are no reads of the user' 'write INSERT public.child' "$(events | lines)"
mark
q 'DELETE FROM parent WHERE id = 1' >/dev/null
check 'gap 5: but what a cascade deletes is recorded' 'write DELETE public.child' \
    "$(events "object_name = 'public.child' AND class = 'write'" | lines)"

check 'gap 6: after set_config pgaudit is silent' 'READ SELECT' \
    "$(peer '-c pgaudit.log=all' "SELECT set_config('pgaudit.log', 'none', false)" 'SELECT * FROM account' | grep -v MISC | lines)"
ours "SELECT set_config('quiver.audit', 'none', false)" 'SELECT * FROM account'
check 'gap 6: turning the audit off is an event that nothing filters' 'policy quiver.audit = none' \
    "$(events "kind = 'policy'" "concat_ws(' ', kind, detail)" | lines)"
check 'gap 6: and it is sealed at once' '' "$(ask 'SELECT detail FROM quiver.audit_verify() WHERE problem IN ($$not sealed$$) OR severity <> $$info$$')"

replica='SET session_replication_role = replica'
check 'gap 7: pgaudit loses type and name in replica mode' 'DDL CREATE TABLE' \
    "$(peer '-c pgaudit.log=ddl' "$replica" 'CREATE TABLE in_replica (id int)' | lines)"
ours "$replica" 'CREATE TABLE in_replica (id int PRIMARY KEY)' 'CREATE DATABASE made' 'CREATE ROLE made' \
    'ALTER TABLE in_replica RENAME TO renamed' 'DROP TABLE renamed' 'DROP DATABASE made' 'DROP ROLE made'
check 'gap 7: DDL has type and name, of shared objects too' \
    'CREATE table public.in_replica;CREATE index public.in_replica_pkey;CREATE database made;CREATE role made;ALTER table public.renamed;DROP index public.in_replica_pkey;DROP table public.renamed;DROP database made;DROP role made' \
    "$(events "kind = 'object'" "concat_ws(' ', verb, object_type, object_name)" | lines)"
check 'gap 7: a renamed object has its old name' 'public.in_replica' "$(events "kind = 'object' AND verb = 'ALTER'" detail | lines)"

check 'gap 8: pgaudit gives TRUNCATE no name' 'WRITE TRUNCATE TABLE' "$(peer '-c pgaudit.log=write' 'TRUNCATE news' | lines)"
ours 'TRUNCATE news'
check 'gap 8: TRUNCATE names its table' 'TRUNCATE table public.news' \
    "$(events "kind = 'utility'" "concat_ws(' ', verb, object_type, object_name)" | lines)"
ours 'TRUNCATE part'
check 'gap 8: and the partitions that went with it' 'public.part;public.part_high;public.part_low' \
    "$(events "verb = 'TRUNCATE'" object_name | sort -u | lines)"

check 'gap 9: pgaudit overlooks a grant on a partition behind its parent' '' \
    "$(peer '-c pgaudit.role=watcher' 'SELECT * FROM part' 'INSERT INTO part VALUES (1, 1)' | lines)"
use gaps
mark
PGOPTIONS='-c quiver.audit=none -c quiver.audit_role=watcher' q 'SELECT * FROM part' 'INSERT INTO part VALUES (1, 1)' \
    'INSERT INTO part VALUES (150, 1)' 'SELECT * FROM part WHERE id = 150' >/dev/null
check 'gap 9: a grant on a partition counts behind its parent, where it is reached' \
    'read SELECT public.part_low grant;write INSERT public.part_low grant' \
    "$(events "kind <> 'policy'" "concat_ws(' ', class, verb, object_name, by)" | lines)"

q 'CREATE TABLE deep (id int) PARTITION BY RANGE (id)' 'CREATE TABLE deep_2 PARTITION OF deep DEFAULT PARTITION BY RANGE (id)' \
    'CREATE TABLE deep_3 PARTITION OF deep_2 DEFAULT PARTITION BY RANGE (id)' 'CREATE TABLE deep_4 PARTITION OF deep_3 DEFAULT' \
    'GRANT SELECT ON deep_4 TO watcher' >/dev/null
mark
PGOPTIONS='-c quiver.audit=none -c quiver.audit_role=watcher' q 'SELECT * FROM deep' >/dev/null
check 'gap 9: however deep the partition is' 'read SELECT public.deep_4 grant' \
    "$(events "kind <> 'policy'" "concat_ws(' ', class, verb, object_name, by)" | lines)"

comment="ALTER /* password */ TABLE news ADD c int"
check 'gap 11: pgaudit cuts a text that only mentions a password' 1 \
    "$(use gaps_peer; peer '-c pgaudit.log=role' 'CREATE ROLE password_user' >/dev/null; grep -c 'REDACTED' "$data/server.log")"
ours "$comment" 'CREATE ROLE password_user'
check 'gap 11: names and structure stay' 'ALTER TABLE news ADD c int;CREATE ROLE password_user' \
    "$(events "kind = 'utility'" text | lines)"

parallel=(-c max_parallel_workers_per_gather=2 -c min_parallel_table_scan_size=0 -c parallel_setup_cost=0 -c parallel_tuple_cost=0)
use gaps
mark
PGOPTIONS="${parallel[*]}" q 'SELECT count(*) FROM large' >/dev/null
check 'gap 12: a parallel scan is one event' 'read SELECT public.large 1' \
    "$(events "" "concat_ws(' ', class, verb, object_name, rows)" | lines)"
# Mended in pgaudit 18.0, whose workers are silent: then both have one.
case $(pgtree_config --version) in
    'PostgreSQL 15'* | 'PostgreSQL 16'* | 'PostgreSQL 17'*)
        check 'gap 12: pgaudit repeats it for its workers' yes \
            "$([ "$(peer "${parallel[*]} -c pgaudit.log=read" 'SELECT count(*) FROM large' | wc -l)" -gt 1 ] && echo yes || echo no)"
        ;;
    *)
        check 'gap 12: pgaudit has it once, since 18' 'READ SELECT' \
            "$(peer "${parallel[*]} -c pgaudit.log=read" 'SELECT count(*) FROM large' | lines)"
        ;;
esac

ours 'COPY account TO STDOUT' 'EXPLAIN SELECT * FROM account' 'EXPLAIN ANALYZE SELECT * FROM account'
check 'gap 14: COPY has its table and its rows' 'read COPY TO public.account 2' \
    "$(events "command = 'COPY'" "concat_ws(' ', class, verb, object_name, rows)" | lines)"
check 'gap 14: EXPLAIN reads nothing, EXPLAIN ANALYZE does' 1 "$(events "class = 'read' AND verb = 'SELECT'" | wc -l)"
check 'gap 14: pgaudit takes EXPLAIN for a read' 'READ SELECT' \
    "$(peer '-c pgaudit.log=read' 'EXPLAIN SELECT * FROM account' | grep -v EXPLAIN | lines)"

ours "SELECT pg_read_file('PG_VERSION')" "SELECT lo_unlink(lo_create(0))" "SELECT pg_terminate_backend(0)" 'SELECT abs(1)'
check 'gap 16: functions that reach files and sessions are events' \
    'pg_catalog.pg_read_file;pg_catalog.lo_unlink;pg_catalog.lo_create;pg_catalog.pg_terminate_backend' \
    "$(events "class = 'function'" object_name | lines)"
check 'gap 16: to pgaudit they are a SELECT' 'READ SELECT' "$(peer '-c pgaudit.log=all' "SELECT pg_read_file('PG_VERSION')" | grep -v MISC | lines)"

use gaps
mark
PGUSER=auditor q 'SELECT * FROM account' >/dev/null
q "SECURITY LABEL FOR quiver ON TABLE news IS 'audit=none'" >/dev/null
mark
q 'SELECT * FROM news' 'SELECT a.id FROM account a' >/dev/null
check 'gap 17: roles and relations can be left out' 'read SELECT public.account {id}' \
    "$(events "" "concat_ws(' ', class, verb, object_name, columns)" | lines)"
mark
PGUSER=alice PGOPTIONS="-c quiver.audit_context=request-7" q 'SELECT 1' >/dev/null
check 'gap 17: the application says who it acts for' 'request-7' "$(events "" context | sort -u | lines)"
q 'ALTER SYSTEM SET quiver.audit = $$login$$' 'SELECT pg_reload_conf()' >/dev/null
sleep 0.3
mark
PGUSER=alice q 'SELECT 1' >/dev/null
PGUSER=nobody_known q 'SELECT 1' >/dev/null
check 'gap 17: logins and logouts, also those refused' 'login alice done;login nobody_known denied;logout alice done' \
    "$(ask "SELECT concat_ws(' ', kind, session_user_name, outcome) FROM quiver.audit_events('$since') WHERE class = 'login' AND session_user_name <> 'auditor' ORDER BY kind, 1" | lines)"
stop
use gaps_peer
sed -i 's/shared_preload_libraries/#&/' "$data/postgresql.conf"
stop && start
check 'gap 15: with pgaudit taken out of preload, DDL fails' yes \
    "$(q 'CREATE TABLE after_all (id int)' | grep -q 'shared_preload_libraries' && echo yes || echo no)"
stop
use gaps
sed -i 's/shared_preload_libraries/#&/' "$data/postgresql.conf"
start
check 'gap 15: with quiver taken out, DDL goes on' 'CREATE TABLE' "$(psql -XAtc 'CREATE TABLE after_all (id int)' 2>&1)"
stop
