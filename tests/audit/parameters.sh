# quiver.audit_parameters = encrypt: only who has the private key reads them; and what a bad key does.
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh
# shellcheck disable=SC2016  # dollars are SQL
keys=$scratch/keys
mkdir "$keys"
openssl genpkey -algorithm x25519 -out "$keys/private.pem" 2>/dev/null
openssl pkey -in "$keys/private.pem" -pubout -out "$keys/public.pem"
openssl genpkey -algorithm x25519 -out "$keys/other.pem" 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$keys/signing.pem" 2>/dev/null
openssl pkey -in "$keys/signing.pem" -pubout -out "$keys/signing.pub"
openssl pkey -in "$keys/private.pem" -aes256 -passout pass:x -out "$keys/locked.pem"
echo 'no key' >"$keys/text.pem"
chmod 644 "$keys"/*
chmod 755 "$keys"

new_cluster parameters shared_preload_libraries=quiver quiver.audit=all quiver.audit_json=on quiver.audit_log=on \
    quiver.audit_parameters=encrypt "quiver.audit_parameter_key=$keys/public.pem"
s=hunter2secret
q 'CREATE TABLE card (id int, number text, other text)' "SECURITY LABEL FOR quiver ON COLUMN card.other IS 'redact'" \
    'CREATE TABLE plain (id int, v text)' >/dev/null
mark
q 'PREPARE p(int, text, text) AS INSERT INTO plain SELECT $1, $2 WHERE $3 IS NULL' "EXECUTE p(7, '$s \"quoted\" \\ é', NULL)" \
    'PREPARE r(text) AS SELECT * FROM card WHERE other = $1' "EXECUTE r('$s')" \
    'PREPARE long(text, text) AS SELECT length($1 || $2) FROM plain' "EXECUTE long(repeat('ä', 5000), '$s')" \
    "DO \$\$ DECLARE w text := '$s'; BEGIN PERFORM FROM plain p WHERE p.v = w; END \$\$" >/dev/null
ask 'SELECT quiver.audit_checkpoint()' >/dev/null
sleep 0.3
check 'no parameter in a segment in clear' 0 "$(cat "$data"/quiver_audit/*.qas | grep -c "$s" || :)"
check 'nor in the JSON lines' 0 "$(cat "$data"/quiver_audit/*.jsonl | grep -c "$s" || :)"
check 'nor in the ring' 0 "$(grep -c "$s" "$data/quiver_audit/ring" || :)"
check 'nor in what the audit writes to the server log' 0 "$(grep AUDIT: "$data/server.log" | grep -c "$s" || :)"
check 'audit_events() gives them sealed' t \
    "$(ask "SELECT bool_and(parameters ~ '^sealed:[A-Za-z0-9+/]+=*\$') AND count(*) > 2 FROM quiver.audit_events() WHERE parameters IS NOT NULL")"
check 'the same statement twice is sealed differently' 2 "$(
    mark
    q 'PREPARE p(int) AS SELECT $1 FROM plain' 'EXECUTE p(1)' 'EXECUTE p(1)' >/dev/null
    events "parameters IS NOT NULL AND command = 'SELECT'" parameters | sort -u | wc -l)"
check 'a statement on a redacted column has no parameters' 0 \
    "$(ask "SELECT count(*) FROM quiver.audit_events() WHERE parameters IS NOT NULL AND object_name = 'public.card'")"

ask 'SELECT quiver.audit_checkpoint()' >/dev/null
copy=$scratch/copy_parameters
cp -a "$data/quiver_audit" "$copy"
opened() { verify --json --open "$keys/private.pem" "$copy"; }
check 'the holder of the private key reads them' '"parameters":["7","hunter2secret \u0022quoted\u0022 \u005c é",null]' \
    "$(opened | grep '"command":"INSERT"' | grep -o '"parameters":\[[^]]*\]')"
check 'a long one is cut where a character ends, and says so' 'cut 1021 hunter2secret' \
    "$(opened | grep 'length(' | grep -o '"parameters":.*\]' | sed 's/"parameters":\[{"cut":"\(ä*\)"},"\(.*\)"\].*/\1 \2/' |
        { read -r cut rest; echo "cut ${#cut} $rest"; })"
check 'PL/pgSQL variables are parameters' yes \
    "$(opened | grep '"text":"SELECT FROM plain' | grep -q '"parameters":\[[^]]*"hunter2secret"' && echo yes)"
check 'the log verifies as ever' 0 "$(verify --key "$copy/sign.pub" "$copy" >/dev/null; echo $?)"
# An altered sealed field: found by the chain, by the checkpoints where chains were rewritten, and by its own tag where
# checkpoints are gone too; so is one that was moved to another session.
altered() { # altered KIND: a copy attacked so; then what the verifier and the opener say
    rm -rf "$scratch/attacked" && cp -a "$copy" "$scratch/attacked"
    (cd "$scratch/attacked" && perl "$here/tests/audit/attack.pl" "$1")
    verify --key "$copy/sign.pub" "$scratch/attacked" >"$scratch/verdict" || :
    verify --json --open "$keys/private.pem" "$scratch/attacked" >"$scratch/opened" && echo opened || echo "status $?"
}
check 'an altered sealed field is found at its record, and does not open' 'status 1 yes' \
    "$(altered sealed) $(grep -qE '^error: altered: segment 1 byte [0-9]+ leaf [0-9]+' "$scratch/verdict" && echo yes)"
check 'with its chain rewritten it is found at a checkpoint' 'status 1 yes' \
    "$(altered sealed_rewritten) $(grep -q '^error: rewritten: .*has another root' "$scratch/verdict" && echo yes)"
check 'and where the checkpoints are gone it does not open' 'status 1 yes' \
    "$(altered sealed_unsealed) $(grep -q 'parameters of 1 events are for another key, or were changed' "$scratch/opened" && echo yes)"
check 'nor does any of a session in the record of another' 'status 1 yes' \
    "$(altered sealed_moved) $(grep -qE 'parameters of [0-9]+ events are for another key, or were changed' "$scratch/opened" && echo yes)"
check 'another key opens nothing and says so' '1 are for another key' \
    "$(verify --json --open "$keys/other.pem" "$copy" >"$scratch/other" 2>&1; echo "$? $(grep -o 'are for another key' "$scratch/other")")"
check 'and prints nothing in clear' 0 "$(grep -c "$s" "$scratch/other" || :)"
check 'no private key lies below the data directory but the one that signs' 1 "$(grep -rlE "BEGIN (ENCRYPTED )?PRIVATE KEY" "$data" | wc -l)"
for bad in 'nowhere.pem cannot be read' 'signing.pem is no X25519 key' 'text.pem has no private key' 'locked.pem has no private key' \
    'public.pem has no private key'; do
    check "the verifier says that ${bad%% *} ${bad#* }" "2 ${bad#* }" \
        "$(verify --json --open "$keys/${bad%% *}" "$copy" >"$scratch/other" 2>&1 </dev/null; echo "$? $(grep -o "${bad#* }" "$scratch/other")")"
done
check '--open wants --json' 2 "$(verify --open "$keys/private.pem" "$copy" >/dev/null; echo $?)"

# Sessions killed in the middle: what they sealed is taken up and can be opened.
psql -XqAtc 'PREPARE p(text) AS SELECT $1, pg_sleep(30) FROM generate_series(1, 1)' -c "EXECUTE p('in flight $s')" >/dev/null 2>&1 &
victim=$!
wait_for 60 eval "[ -n \"\$(ask \"SELECT pid FROM pg_stat_activity WHERE query LIKE 'EXECUTE p%' AND wait_event = 'PgSleep'\")\" ]"
kill_server
wait "$victim" 2>/dev/null || :
ask 'SELECT quiver.audit_checkpoint()' >/dev/null
check 'what a killed server had sealed can be opened' yes \
    "$(verify --json --open "$keys/private.pem" "$data/quiver_audit" | grep -q "in flight $s" && echo yes)"
# Erasure: the next period has another key, and the first one's is destroyed.
stop
openssl genpkey -algorithm x25519 -out "$keys/second.pem" 2>/dev/null
openssl pkey -in "$keys/second.pem" -pubout -out "$keys/second.pub"
chmod 644 "$keys"/second.*
sed -i "s|$keys/public.pem|$keys/second.pub|" "$data/postgresql.conf"
start
q 'PREPARE p(text) AS SELECT $1 FROM plain' "EXECUTE p('of the second period')" >/dev/null
# A session that takes longer to end than the worker waits for is in the log at the next start.
ask 'SELECT quiver.audit_checkpoint()' >/dev/null
stop
values() { { verify --json --open "$keys/$1" "$data/quiver_audit" 2>"$scratch/other" | grep -o '"parameters":\["[^]]*\]' || :; } | sort -u; }
values private.pem >"$scratch/first"
check 'before, each key opens its own period' 'yes 0 ["of the second period"]' \
    "$([ "$(grep -c "$s" "$scratch/first")" -gt 0 ] && echo yes) $(grep -c 'second period' "$scratch/first" || :) $(values second.pem | cut -d : -f 2)"
mv "$keys/private.pem" "$scratch/destroyed.pem"
for key in "$keys"/*.pem; do values "${key##*/}"; done >"$scratch/values" 2>/dev/null || :
check 'erased: no key that is left opens what the destroyed one did, and the other period stays' '0 1' \
    "$(grep -c "$s" "$scratch/values" || :) $(grep -c 'of the second period' "$scratch/values" || :)"
check 'erased: chains, checkpoints and signatures verify as before' 0 \
    "$(verify --key "$data/quiver_audit/sign.pub" "$data/quiver_audit" >"$scratch/verdict"; echo $?)"
mv "$scratch/destroyed.pem" "$keys/private.pem"

# No key: the policy cannot be set, and a server that is told to use one does not start without it.
sed -i '/^quiver.audit_parameter/d' "$data/postgresql.conf"
start
check 'without a key encrypt is refused' 1 \
    "$(q "SET quiver.audit_parameters = 'encrypt'" | grep -c 'invalid value for parameter "quiver.audit_parameters"')"
check 'with what is missing' 1 "$(psql -XqAtc "SET quiver.audit_parameters = 'encrypt'" 2>&1 | grep -c 'HINT:  Set quiver.audit_parameter_key')"
check 'for a role too' 1 "$(q "ALTER ROLE postgres SET quiver.audit_parameters = 'encrypt'" | grep -c 'invalid value')"
printf "quiver.audit_parameters = 'encrypt'\n" >>"$data/postgresql.conf"
q 'SELECT pg_reload_conf()' 'SELECT pg_sleep(0.2)' >/dev/null
check 'a reload with it is not taken' off "$(q 'SHOW quiver.audit_parameters')"
stop
refuses() { # refuses FILE WHAT
    sed -i '/^quiver.audit_parameter/d' "$data/postgresql.conf"
    printf "quiver.audit_parameters = 'encrypt'\n%s\n" "${1:+quiver.audit_parameter_key = '$keys/$1'}" >>"$data/postgresql.conf"
    : >"$data/server.log"
    if start; then echo started && stop; else grep -c "$2" "$data/server.log"; fi
}
check 'no key at all' 1 "$(refuses '' 'quiver.audit_parameters is encrypt, but quiver.audit_parameter_key is not set')"
check 'a missing file' 1 "$(refuses nowhere.pem 'DETAIL:  The file cannot be read')"
check 'a file without a key' 1 "$(refuses text.pem 'DETAIL:  The file has no public key in PEM')"
check 'a key of another kind' 1 "$(refuses signing.pub 'DETAIL:  The key is not an X25519 key')"
check 'a private key' 1 "$(refuses private.pem 'DETAIL:  The file has a private key, which must not be on this server')"
sed -i '/^quiver.audit_parameter/d' "$data/postgresql.conf"
