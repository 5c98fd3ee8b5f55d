# What fails before or while it runs, caught by an exception block or not: each failure is one event.
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh
# shellcheck disable=SC2016  # dollars are SQL
new_cluster caught shared_preload_libraries=quiver quiver.audit=read,failed
q 'CREATE TABLE t (id int)' 'CREATE SCHEMA closed' 'CREATE ROLE visitor LOGIN' 'CREATE ROLE owner' \
    "CREATE FUNCTION tried() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS \$\$ BEGIN
        PERFORM * FROM missing; EXCEPTION WHEN undefined_table THEN NULL; END \$\$" 'ALTER FUNCTION tried() OWNER TO owner' >/dev/null
failures() { events "class = 'failed'" "concat_ws(' ', command, outcome, sqlstate, text)"; }
failed() { # failed STATEMENT...: the failures of a session with them
    mark
    q "$@" >/dev/null
    failures
}
caught() { failed "DO \$\$ BEGIN $1 EXCEPTION WHEN $2 THEN NULL; END \$\$"; } # caught STATEMENT CONDITION

check 'a statement that fails in planning and is caught is an event' 'SELECT failed 22012 SELECT $1/$2 FROM t' \
    "$(caught 'PERFORM 1/0 FROM t;' division_by_zero)"
check 'one that is not caught is one event, not two' 'SELECT failed 22012 SELECT $1/$2 FROM t' "$(failed 'SELECT 1/0 FROM t')"
check 'and two failures are two' 2 \
    "$(failed "DO \$\$ BEGIN BEGIN PERFORM 1/0 FROM t; EXCEPTION WHEN division_by_zero THEN NULL; END; PERFORM 2/0 FROM t; END \$\$" | grep -c 'SELECT failed 22012')"

# Errors of which the server tells nobody: they are thrown before a statement begins.
check 'a statement that cannot be analysed and is caught is an event' 'SELECT failed 42P01 SELECT * FROM missing' \
    "$(caught 'PERFORM * FROM missing;' undefined_table)"
check 'of what cannot be parsed key words alone are kept' 'SELEC failed 42601 $1 FROM $2' \
    "$(caught "EXECUTE 'SELEC secret FROM ''x''';" syntax_error)"
check 'a schema that may not be used is denied' 'denied 42501' \
    "$(PGUSER=visitor caught 'PERFORM * FROM closed.t;' insufficient_privilege | cut -d ' ' -f 2,3)"
check 'it belongs to the statement around it' 't' \
    "$(caught 'PERFORM * FROM missing;' undefined_table >/dev/null; events "class = 'failed'" 'statement > 0')"
check 'who it was is told in a function with the rights of its owner' 't' \
    "$(failed 'SELECT tried()' >/dev/null; events "class = 'failed'" "current_user_name = 'owner' OR current_user_name ~ '^role [0-9]+\$'")"
check 'an error that the block itself raises is one, without a text' 'failed P0001' \
    "$(caught "RAISE EXCEPTION 'x';" raise_exception | cut -d ' ' -f 2-)"
check 'one that is not caught is the failure of the statement around it, and one event' 'DO failed 42P01' \
    "$(failed "DO \$\$ BEGIN PERFORM * FROM missing; END \$\$" | cut -d ' ' -f 1-3)"
check 'so is one behind a savepoint' 'SELECT failed 42P01 SELECT * FROM missing' \
    "$(failed 'BEGIN' 'SAVEPOINT s' 'SELECT * FROM missing' 'ROLLBACK TO s' 'COMMIT')"
check 'one that goes through two blocks is one event' 'SELECT failed 42P01 SELECT * FROM missing' \
    "$(caught 'BEGIN PERFORM * FROM missing; EXCEPTION WHEN division_by_zero THEN NULL; END;' undefined_table)"
check 'notices and warnings in a block are none' '' \
    "$(caught "RAISE NOTICE 'n'; RAISE WARNING 'w'; RAISE WARNING USING ERRCODE = '42P01', MESSAGE = 'w';" others)"
check 'and what the exception block does is recorded' 'SELECT failed 22012 SELECT $1/$2 FROM t' \
    "$(failed "DO \$\$ BEGIN EXECUTE 'SELEC 1'; EXCEPTION WHEN syntax_error THEN PERFORM 1/0 FROM t; END \$\$" | grep '^SELECT')"
check 'a statement that fails while it runs, where failures alone are audited' \
    'SELECT failed 22012 SELECT FROM(VALUES($1),(random()::int))v(x)WHERE $2/(x-x)>$3' \
    "$(PGOPTIONS='-c quiver.audit=failed' caught 'PERFORM FROM (VALUES (0), (random()::int)) v(x) WHERE 1 / (x - x) > 5;' division_by_zero |
        sed -E 's/ ?([()]) ?/\1/g; s/ ?([-\/>]) ?/\1/g')"
check 'what is kept of a text is kept of a failed one too' 't t' \
    "$(PGOPTIONS='-c quiver.audit_text=hash' caught 'PERFORM * FROM missing;' undefined_table | grep -c missing | sed 's/0/t/') $(
        PGOPTIONS='-c quiver.audit_text=hash' failed 'SELECT * FROM missing' | grep -c 'sha256:' | sed 's/1/t/')"
check 'a thousand of them leave the session and the log sound' '1000 0' "$(
    failed "DO \$\$ BEGIN FOR i IN 1..1000 LOOP BEGIN EXECUTE 'SELECT ' || i || ' FROM missing'; EXCEPTION WHEN undefined_table THEN NULL; END; END LOOP; END \$\$" | wc -l
) $(ask "SELECT count(*) FROM quiver.audit_verify() WHERE severity <> 'info'")"
stop
