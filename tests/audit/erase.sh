# Erasure of single records, and of single subjects by their keys: what is gone, what still verifies, what gives a forged one away.
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh
# shellcheck disable=SC2016  # dollars are SQL
anchors=$scratch/erase_anchors
mkdir "$anchors" && pgtree_give "$anchors"
new_cluster erase shared_preload_libraries=quiver quiver.audit=all quiver.audit_shards=2 quiver.audit_ring_size=8MB "quiver.audit_anchor_directory=$anchors" \
    quiver.audit_anchor_interval=1
q 'CREATE TABLE customer (id int, note text)' 'CREATE ROLE clerk LOGIN' 'GRANT SELECT ON customer TO clerk' >/dev/null
for subject in 41 42 43 44; do
    q "SET quiver.audit_context = 'customer $subject'" "SELECT id AS row_of_$subject FROM customer" >/dev/null
done
ask 'SELECT quiver.audit_checkpoint()' >/dev/null
kept() { cat "$data"/quiver_audit/*.qas* | { zcat -f; } | grep -c "row_of_$1" || :; }
seen() { ask "SELECT count(*) FROM quiver.audit_events() WHERE text LIKE '%row_of_$1 %'"; }
record() { ask "SELECT DISTINCT shard || ', ' || sequence FROM quiver.audit_events() WHERE text LIKE '%row_of_$1 %'"; }
check 'before: three subjects are in the log' '1 1 1' "$(seen 41) $(seen 42) $(seen 43)"
victim=$(record 42)
proof=$(ask "SELECT leaf FROM quiver.audit_proof($victim)")
check 'a role that was not granted it may not erase' 42501 \
    "$(psql -XqAt -U clerk -v VERBOSITY=sqlstate -c "SELECT quiver.audit_erase($victim, 'x')" 2>&1 | sed 's/ERROR:  //')"
check 'all records of a subject are erased by what the application said of it' t \
    "$(q "SELECT sum(quiver.audit_erase(shard, sequence, 'request 17')) > 0 FROM (SELECT DISTINCT shard, sequence FROM quiver.audit_events() WHERE context = 'customer 42') e")"
check 'its events are gone, those of others are not' '1 0 1' "$(seen 41) $(seen 42) $(seen 43)"
check 'so are their bytes' 0 "$(kept 42)"
check 'the log says what was erased, by whom, and why' "erasure ERASE record ${victim/, //} for postgres: request 17" \
    "$(ask "SELECT kind || ' ' || command || ' ' || regexp_replace(detail, ', .*, ', ' ') FROM quiver.audit_events() WHERE kind = 'erasure' AND detail LIKE 'record ${victim/, //},%'")"
check 'its leaf is what it was, and the proof still holds' "$proof true" "$(ask "SELECT leaf::text || ' ' || holds FROM quiver.audit_proof($victim)")"
check 'verification finds no problem, and names the erasure' ' erased' \
    "$(problems) $(ask "SELECT DISTINCT problem FROM quiver.audit_verify() WHERE detail LIKE '%as the log says'")"
verify --key "$data/quiver_audit/sign.pub" --anchors "$anchors" "$data/quiver_audit" >"$scratch/verdict" || :
check 'so does the stand-alone verifier, with the anchors made before' yes "$(verdict_has ': 0 errors, 0 warnings')"
check 'a record is erased once' 0 "$(q "SELECT quiver.audit_erase($victim, 'again')")"
sqlstate() { psql -XqAt -v VERBOSITY=sqlstate -c "$1" 2>&1 | sed 's/ERROR:  //'; }
check 'a record that is not there' P0002 "$(sqlstate "SELECT quiver.audit_erase(1, 999999, 'x')")"
check 'nor a shard' P0002 "$(sqlstate "SELECT quiver.audit_erase(-1, 1, 'x')")"
check 'without a reason' 22023 "$(sqlstate "SELECT quiver.audit_erase($victim, '')")"
q "SET quiver.audit_text = 'off'" >/dev/null
policy=$(ask "SELECT DISTINCT shard || ', ' || sequence FROM quiver.audit_events() WHERE kind = 'policy' LIMIT 1")
check 'what the log says of the audit itself is never erased' '55000 55000' \
    "$(sqlstate "SELECT quiver.audit_erase($policy, 'x')") $(sqlstate "SELECT quiver.audit_erase($(ask "SELECT shard || ', ' || sequence FROM quiver.audit_events() WHERE kind = 'erasure' LIMIT 1"), 'x')")"

# The worker hangs: who waits can go, and who asks next gets an answer of their own.
worker=$(worker_pid)
victim=$(record 44)
kill -STOP "$worker"
sqlstate "SELECT quiver.audit_erase($victim, 'request 19')" >"$scratch/cancelled" &
asking() { [ "$(ask "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = 0 AND granted")" = 1 ]; }
wait_for 60 asking || :
ask "SELECT pg_cancel_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = 0" >/dev/null
wait $! || :
check 'a session that waits for the worker can be cancelled' 57014 "$(cat "$scratch/cancelled")"
kill -CONT "$worker"
check 'the next one gets its own answer' P0002 "$(sqlstate "SELECT quiver.audit_erase(1, 999999, 'x')")"
check 'after what was asked before' '0 0' "$(seen 44) $(q "SELECT quiver.audit_erase($victim, 'request 19')")"

# In a closed segment that is compressed.
stop
printf '%s\n' 'quiver.audit_compress = on' 'quiver.audit_segment_size = 1MB' >>"$data/postgresql.conf"
start
fill() { psql -XqAt -c "DO \$\$ BEGIN FOR i IN 1..$1 LOOP PERFORM id FROM customer; END LOOP; END \$\$"; }
fill 8000
wait_for 30 test -e "$data/quiver_audit/0000000000000001.qas.gz" || :
before=$(stat -c %Y "$data/quiver_audit/0000000000000001.qas.gz")
check 'a record of a compressed segment is erased too' 't 0 1' \
    "$(q "SELECT quiver.audit_erase($(record 43), 'request 18') > 0") $(kept 43) $(kept 41)"
check 'the segment is as old as it was' "$before" "$(stat -c %Y "$data/quiver_audit/0000000000000001.qas.gz")"
check 'and the log verifies' '' "$(problems)"
kill_server
wait_for 20 bash -c "[ \"\$(psql -XqAt -U auditor -c 'SELECT is_running FROM quiver.audit_status()')\" = t ]" || :
check 'after a kill it is erased still, and the log verifies' '0 ' "$(seen 43) $(problems)"
stop

# Who has the files could erase without a word: then the log does not say so.
rm -rf "$scratch/attacked" && cp -a "$data/quiver_audit" "$scratch/attacked"
gunzip "$scratch/attacked/0000000000000001.qas.gz"
(cd "$scratch/attacked" && perl "$here/tests/audit/attack.pl" erased)
verify --key "$data/quiver_audit/sign.pub" "$scratch/attacked" >"$scratch/verdict" && status=0 || status=$?
check 'an erasure that the log does not tell of is an error' '1 1' \
    "$status $(grep -c '^error: erased: .*the log does not say so' "$scratch/verdict")"

# Parameters about a subject, to a key of its own: destroyed, they are gone from every copy, and nobody else's are.
keys=$scratch/subject_keys
mkdir -p "$keys/private" "$keys/public"
for name in period alice bob; do
    openssl genpkey -algorithm x25519 -out "$keys/private/$name.pem" 2>/dev/null
    openssl pkey -in "$keys/private/$name.pem" -pubout -out "$keys/public/$name.pem"
done
mv "$keys/public/period.pem" "$keys/period.pub"
chmod -R a+rX "$keys"
new_cluster subjects shared_preload_libraries=quiver quiver.audit=read quiver.audit_parameters=encrypt \
    "quiver.audit_parameter_key=$keys/period.pub" "quiver.audit_subject_keys=$keys/public" quiver.audit_durable=commit
q 'CREATE TABLE t (v text)' >/dev/null
q 'PREPARE p(text) AS SELECT FROM t WHERE v = $1' "EXECUTE p('of nobody')" "SET quiver.audit_subject = 'alice'" "EXECUTE p('of alice 1')" \
    "SET quiver.audit_subject = 'bob'" "EXECUTE p('of bob')" "SET quiver.audit_subject = 'alice'" "EXECUTE p('of alice 2')" \
    "SET quiver.audit_subject = 'carol'" "EXECUTE p('of carol')" >/dev/null
check 'a subject is a name, not a path' 22023 "$(sqlstate "SET quiver.audit_subject = '../private/bob'")"
check 'a subject without a key has no parameters kept' 1 "$(ask "SELECT count(*) FROM quiver.audit_events() WHERE parameters = 'not kept'")"
stop
backup=$scratch/subjects_backup
cp -a "$data" "$backup"
values() { { verify --json --open "$keys/private" "$1/quiver_audit" | grep -o '"parameters":\["[^]]*\]' || :; } | cut -d '"' -f 4 | tr '\n' ';'; }
check 'with all keys all values are read' 'of nobody;of alice 1;of bob;of alice 2;' "$(values "$data")"
check 'one key opens its subject alone' 'of bob' \
    "$(verify --json --open "$keys/private/bob.pem" "$data/quiver_audit" | grep -o '"parameters":\["[^]]*\]' | cut -d '"' -f 4)"
rm "$keys/private/alice.pem" "$keys/public/alice.pem"
check 'erased: one subject is gone, the others stay' 'of nobody;of bob;' "$(values "$data")"
check 'from the copies too' 'of nobody;of bob;' "$(values "$backup")"
check 'the verifier counts what it could not open' 1 \
    "$({ verify --json --open "$keys/private" "$backup/quiver_audit" || :; } | grep -c 'parameters of 2 events are for another key')"
check 'the log verifies as before' 0 "$(verify --key "$data/quiver_audit/sign.pub" "$data/quiver_audit" >"$scratch/verdict"; echo $?)"
check 'no value was ever in clear, nor in WAL' 0 "$(cat "$data"/quiver_audit/* "$data"/pg_wal/0* | grep -c 'of alice' || :)"
