# No secret in any sink: statements with passwords, connection strings and constants, on every path.
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh
new_cluster secrets shared_preload_libraries=quiver quiver.audit=all quiver.audit_json=on quiver.audit_log=on \
    quiver.audit_parameters=hash
s=hunter2secret
q "CREATE ROLE u1 PASSWORD '$s'" "ALTER ROLE u1 PASSWORD '$s'" "ALTER USER u1 ENCRYPTED PASSWORD E'$s'" \
    "CREATE ROLE u1 PASSWORD '$s'" "CREATE ROLE u2 PASSWORD \"$s\"" "CREATE ROLE u2 PASSWORD $s" \
    "CREATE ROLE u2 PASSWORD '$s" "DO \$body\$ BEGIN PERFORM '$s'; END \$body\$" "DO \$\$ BEGIN EXECUTE 'CREATE ROLE u3 PASSWORD ''$s'''; END \$\$" \
    "CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere password=$s' PUBLICATION p WITH (connect = false)" \
    "ALTER SYSTEM SET primary_conninfo = 'host=x password=$s'" "ALTER SYSTEM SET primary_conninfo = $s" \
    "SET myapp.token = '$s'" "SET myapp.token TO $s" "ALTER ROLE u1 SET myapp.token = '$s'" \
    "SELECT set_config('myapp.token', '$s', false)" "SELECT dblink_connect('host=x password=$s')" \
    "/* $s */ SELECT 1 -- $s" "SELECT 1; SELECT '$s'; CREATE ROLE u4 PASSWORD '$s'" \
    "SELECT 1 AS a WHERE 'x' = U&'$s' OR B'1' = B'0' OR 'y' = N'$s'" \
    "CREATE TABLE card (number text DEFAULT '$s', CHECK (number <> '$s'))" "INSERT INTO card VALUES ('$s')" \
    "COPY (SELECT '$s') TO STDOUT" "COPY card FROM PROGRAM 'echo $s'" "CREATE FUNCTION f(text) RETURNS text LANGUAGE sql AS 'SELECT ''$s'''" \
    "SELECT f('$s')" "PREPARE p(text) AS SELECT * FROM card WHERE number = \$1" "EXECUTE p('$s')" \
    "SELECT * FROM card WHERE number = \"$s\"" "SELECT crypt('$s', gen_salt('bf'))" "COMMENT ON TABLE card IS '$s'" \
    "SECURITY LABEL FOR quiver ON TABLE card IS '$s'" "NOTIFY c, '$s'" "SELECT lo_import('/nonexistent/$s')" \
    "CREATE SERVER srv FOREIGN DATA WRAPPER none OPTIONS (password '$s')" "CREATE USER MAPPING FOR u1 SERVER none OPTIONS (password '$s')" \
    "SELECT '$s" "SELECT \$tag\$$s" "SELECT '$s'::int" "SELEC '$s'" "SELECT $s FROM" >/dev/null
printf '%s\n' "SELECT \$1::text AS x \\bind '$s' \\g" >/dev/null
PGOPTIONS='' psql -XqAt -c "ALTER ROLE u1 PASSWORD '$s'; SELECT '$s'; SELECT 1/0" >/dev/null 2>&1 || :
ask 'SELECT quiver.audit_checkpoint()' >/dev/null
sleep 0.3
check 'no secret in a segment' 0 "$(cat "$data"/quiver_audit/*.qas | grep -c "$s" || :)"
check 'no secret in a JSON line' 0 "$(cat "$data"/quiver_audit/*.jsonl | grep -c "$s" || :)"
check 'no secret in the ring' 0 "$(grep -c "$s" "$data/quiver_audit/ring" || :)"
check 'no secret in what the audit writes to the server log' 0 "$(grep AUDIT: "$data/server.log" | grep -c "$s" || :)"
check 'no failing role command leaks its password through the STATEMENT line' 0 \
    "$(grep STATEMENT "$data/server.log" | grep -i 'role' | grep -c "$s" || :)"
check 'the statements are there' yes "$([ "$(ask "SELECT count(*) FROM quiver.audit_events() WHERE text IS NOT NULL")" -gt 45 ] && echo yes)"
check 'a literal is replaced, names are kept' 'INSERT INTO card VALUES ($1)' \
    "$(ask "SELECT text FROM quiver.audit_events() WHERE command = 'INSERT'")"
check 'what cannot be parsed keeps key words alone' 'CREATE ROLE $1 PASSWORD $2' \
    "$(ask "SELECT text FROM quiver.audit_events() WHERE sqlstate = '42601' AND command = 'CREATE' AND text LIKE 'CREATE ROLE%' LIMIT 1")"
check 'a bound parameter is a keyed hash' t \
    "$(ask "SELECT bool_and(parameters ~ '^[0-9a-f]{16}\$') FROM quiver.audit_events() WHERE parameters IS NOT NULL")"
q "SECURITY LABEL FOR quiver ON COLUMN card.number IS 'redact'" 'PREPARE p(text) AS SELECT * FROM card WHERE number = $1' >/dev/null
mark
q 'PREPARE p(text) AS SELECT * FROM card WHERE number = $1' "EXECUTE p('x')" >/dev/null
check 'a statement on a redacted column has no parameters at all' 0 \
    "$(events "parameters IS NOT NULL AND object_name = 'public.card'" | wc -l)"
# Texts that are seen again come from memory: by all their bytes, also those that its hash leaves out.
long=$(printf ", 'x' AS padding_column_number_%s" 1 2 3 4 5 6)
mark
q "SELECT 1 AS name_a$long" "SELECT 1 AS name_b$long" "SELECT 1 AS name_a$long" "SELECT 1 AS name_b$long" "SELECT 1 AS name_a$long" \
    "SELECT 1 AS name_a$long" "SELECT 1 AS name_b$long" "SELECT 2 AS name_b$long" >/dev/null
check 'a text that was seen before is the one that was run' 'a b a b a a b b' \
    "$(events "command = 'SELECT'" "substring(text FROM 'SELECT .1 AS name_(.), .2 AS padding')" | paste -sd ' ')"
stop
