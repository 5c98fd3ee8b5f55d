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
