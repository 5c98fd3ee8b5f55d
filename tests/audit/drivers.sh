# Gap 13: drivers and sessions that upset pgaudit's stack. No client sees an error, and each statement is one event.
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh
new_cluster drivers shared_preload_libraries=quiver quiver.audit=all,-login
q 'CREATE TABLE account (id int, balance int)' 'INSERT INTO account SELECT i, i FROM generate_series(1, 500) i' \
    'CREATE TABLE news (id int)' 'INSERT INTO news SELECT generate_series(1, 500)' >/dev/null
mark
perl tests/audit/portal.pl "$PGHOST/.s.PGSQL.5432" 'SELECT * FROM account' 'SELECT * FROM news' >"$scratch/portals" 2>&1
check 'suspended and interleaved portals get their rows and no error' 'CZ;1212DsDsDsDs3Z;CZ;12DC12DDs12DC12DDsZ' \
    "$(tr -d 'S' <"$scratch/portals" | tr '\n' ';' | sed 's/;$//')"
check 'each portal is one event, with the rows that were fetched' \
    'SELECT public.account 2 committed;SELECT public.account 2 committed;SELECT public.news 2 committed;SELECT public.news 2 committed' \
    "$(events "object_name IS NOT NULL AND class = 'read'" "concat_ws(' ', verb, object_name, rows, outcome)" | sort | tr '\n' ';' | sed 's/;$//')"
mark
check 'a fetch count in psql' 500 "$(psql -XqAt -v FETCH_COUNT=7 -c 'SELECT id FROM account' 2>&1 | wc -l)"
check 'cursors in functions, left open, in loops and in exception blocks' 'DO' "$(psql -XAt 2>&1 <<'SQL'
DO $$
DECLARE c refcursor; r record;
BEGIN
    OPEN c FOR SELECT * FROM account;
    FOR i IN 1..200 LOOP
        FETCH c INTO r;
        BEGIN
            PERFORM 1 / (i % 2) FROM news LIMIT 1;
        EXCEPTION WHEN division_by_zero THEN
            UPDATE account SET balance = 0 WHERE id = i;
        END;
    END LOOP;
END $$
SQL
)"
check 'what exception blocks did is committed, each below its statement' 100 \
    "$(events "verb = 'UPDATE' AND substatement > 0 AND outcome = 'committed'" number | wc -l)"
check 'and what failed in them has its SQLSTATE' 22012 \
    "$(events "outcome = 'failed' AND substatement > 0" sqlstate | sort -u)"
check 'a held cursor outlives its transaction' 500 \
    "$(q 'BEGIN' 'DECLARE h CURSOR WITH HOLD FOR SELECT id FROM news' 'COMMIT' 'FETCH ALL FROM h' | wc -l)"
check 'deep recursion through functions' 300 "$(q 'CREATE FUNCTION down(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF n = 0 THEN RETURN 0; END IF; RETURN (SELECT down(n - 1) + 1); END $$' 'SELECT down(300)')"
check 'a statement on a thousand partitions' 1000 "$(q 'CREATE TABLE wide (id int) PARTITION BY LIST (id)' \
    "DO \$\$ BEGIN FOR i IN 1..1000 LOOP EXECUTE format('CREATE TABLE wide_%s PARTITION OF wide FOR VALUES IN (%s)', i, i); END LOOP; END \$\$" \
    'INSERT INTO wide SELECT generate_series(1, 1000)' 'SELECT count(*) FROM wide')"
check 'no backend has crashed' 0 "$(grep -c 'was terminated by signal' "$data/server.log" || :)"
check 'the log is sound' 0 "$(ask "SELECT count(*) FROM quiver.audit_verify() WHERE severity <> 'info'")"
stop

# Other extensions' hooks around ours, in either order: clients see the same, and the same is recorded.
cat >"$scratch/neighbours.sql" <<'SQL'
CREATE TABLE near (id int PRIMARY KEY, v text);
INSERT INTO near SELECT i, i::text FROM generate_series(1, 100) i;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM near;
FETCH 2 FROM c;
COMMIT;
COPY (SELECT id FROM near WHERE id < 4) TO STDOUT;
COPY near FROM PROGRAM 'printf ''101\tx\n''';
WITH gone AS (DELETE FROM near WHERE id > 90 RETURNING id) SELECT count(*) FROM gone;
DO $$ BEGIN PERFORM 1 / (id - id) FROM near; EXCEPTION WHEN division_by_zero THEN INSERT INTO near VALUES (200, 'caught'); END $$;
CREATE PROCEDURE steps() LANGUAGE plpgsql AS $$ BEGIN FOR i IN 300..302 LOOP INSERT INTO near VALUES (i, ''); COMMIT; END LOOP; END $$;
CALL steps();
PREPARE one(int) AS SELECT v FROM near WHERE id = $1;
EXECUTE one(1);
SELECT 1 / (id - id) FROM near;
SELECT * FROM no_such_table;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM near;
SAVEPOINT nowhere;
TRUNCATE near;
DROP TABLE near CASCADE;
SQL
beside() { # beside NAME LIBRARIES [SETTING=VALUE...]: what the client sees, and what is recorded
    local name=$1 libraries=$2
    shift 2
    new_cluster "$name" "shared_preload_libraries=$libraries" quiver.audit=all,-login "$@"
    mark
    psql -XAt -f "$scratch/neighbours.sql" 2>&1 | sed -E 's|^psql:[^ ]*: ||; s/Memory Usage.*//; s/Buffers.*//' >"$scratch/client.$name" || :
    events true "concat_ws(' ', statement, substatement, class, verb, object_name, outcome, sqlstate, rows)" >"$scratch/events.$name"
    check "$name: no backend has crashed, the log is sound" '0 0' \
        "$(grep -c 'was terminated by signal' "$data/server.log" || :) $(ask "SELECT count(*) FROM quiver.audit_verify() WHERE severity <> 'info'")"
    stop
}
neighbours=(quiver.audit_exclude_roles=auditor auto_explain.log_min_duration=0 auto_explain.log_analyze=on auto_explain.log_nested_statements=on
    pg_stat_statements.track=all pgaudit.log=all)
beside alone quiver
beside before quiver,pgaudit,auto_explain,pg_stat_statements "${neighbours[@]}"
beside behind pg_stat_statements,auto_explain,pgaudit,quiver "${neighbours[@]}"
check 'the statements are recorded' yes \
    "$(if [ "$(wc -l <"$scratch/events.alone")" -gt 20 ] && grep -q '22012' "$scratch/events.alone"; then echo yes; else cat "$scratch/events.alone"; fi)"
for name in before behind; do
    check "$name: clients see what they see without the others" '' "$(diff "$scratch/client.alone" "$scratch/client.$name" | head -n 10)"
    check "$name: what is recorded is the same" '' "$(diff "$scratch/events.alone" "$scratch/events.$name" | head -n 10)"
done
