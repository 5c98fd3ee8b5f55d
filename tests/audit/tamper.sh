# Every kind of attack on the log: the verifier says what and where. Then proofs, rotation, retention.
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh
anchors=$scratch/anchors
mkdir "$anchors"
pgtree_give "$anchors"
new_cluster tamper shared_preload_libraries=quiver quiver.audit=all quiver.audit_shards=2 \
    "quiver.audit_anchor_directory=$anchors" quiver.audit_anchor_interval=1
log=$data/quiver_audit
q 'CREATE TABLE t (id int)' >/dev/null
for i in $(seq 12); do q "INSERT INTO t VALUES ($i)" >/dev/null; [ $((i % 4)) -ne 0 ] || ask 'SELECT quiver.audit_checkpoint()' >/dev/null; done
check 'an untouched log is sound' '0' "$(ask "SELECT count(*) FROM quiver.audit_verify() WHERE severity <> 'info'")"
check 'a record has an inclusion proof that holds' t \
    "$(ask "SELECT bool_and((quiver.audit_proof(shard, sequence)).holds) FROM (SELECT DISTINCT shard, sequence FROM quiver.audit_events() WHERE command = 'INSERT') r")"
check 'a record that is not there has none' yes "$(ask 'SELECT quiver.audit_proof(0, 999999)' | grep -q 'no sealed record' && echo yes)"
stop
check 'the stand-alone verifier finds it sound too' 0 "$(verify --key "$log/sign.pub" --anchors "$anchors" "$log" >"$scratch/sound"; echo $?)"
holds 'it counts anchors and checkpoints' grep -qE '[1-9][0-9]* checkpoints, [1-9][0-9]* anchors, 0 events lost: 0 errors, 0 warnings' "$scratch/sound"
check 'it prints the events as JSON' yes "$(verify --json "$log" >"$scratch/json"; grep -q '"command":"INSERT","actions":\[{"verb":"INSERT","type":"table","name":"public.t","columns":\["id"\]}\]' "$scratch/json" && echo yes)"
holds 'a damaged directory is status 2' bash -c "! '$verifier' '$scratch/nowhere' >/dev/null 2>&1"

# attack NAME CHANGE EXPECTED [ANCHORS]: a copy of the log, changed by perl, and what the verifier says of it.
attack() {
    rm -rf "$scratch/attacked"
    cp -a "$log" "$scratch/attacked"
    (cd "$scratch/attacked" && perl "$here/tests/audit/attack.pl" "$2")
    verify --key "$log/sign.pub" ${4:+--anchors "$4"} "$scratch/attacked" >"$scratch/verdict" || :
    check "$1" yes "$(verdict_has "^(error|warning): $3")"
}
attack 'an edited payload is found at its record' edit 'altered: segment 1 byte [0-9]+ leaf [0-9]+ time [-0-9T:.Z]+: shard [01]: record [0-9]+ of session'
attack 'a deleted record is found' delete 'missing: .*records? [0-9]+ to [0-9]+ are not there'
attack 'an inserted record is found' insert 'reordered: .*comes after record'
attack 'two records that changed places are found' swap '(reordered|missing): '
attack 'a rewritten log whose chains fit is found at a checkpoint' rewrite 'rewritten: .*has another root'
attack 'a cut tail is found by the checkpoints' cut 'cut tail: .*are cut off'
attack 'a tail cut together with its checkpoints is found by the anchors' cut_both 'cut tail: .*an anchor has' "$anchors"
attack 'a lost head of a segment is found' head 'damaged: '
attack 'a checkpoint taken out is found' note 'missing checkpoint: '
attack 'a checkpoint by another key is found' sign 'bad signature: '
attack 'a clock that went back is found' clock 'clock back: '
# A fork: the machine's files are put back to an earlier state, as a snapshot does, and it goes on from there.
rm -rf "$scratch/snapshot"
cp -a "$log" "$scratch/snapshot"
start && for i in 1 2 3; do q "INSERT INTO t VALUES (10$i)" >/dev/null; ask 'SELECT quiver.audit_checkpoint()' >/dev/null; done; stop
for file in "$log"/0*; do rm -f "$file"; done
for file in "$scratch/snapshot"/*; do pgtree_as_server cp "$file" "$log/${file##*/}" 2>/dev/null || cat "$file" >"$log/${file##*/}"; done
chown -R --reference="$data" "$log"
other=$scratch/fork_anchors
mkdir "$other"
pgtree_give "$other"
mv "$anchors"/*.note "$other"
start && for i in 1 2 3; do q "INSERT INTO t VALUES (20$i)" >/dev/null; ask 'SELECT quiver.audit_checkpoint()' >/dev/null; done; stop
verify --key "$log/sign.pub" --anchors "$other" "$log" >"$scratch/verdict" || :
check 'a fork is found: one size, two roots, both signed' yes "$(verdict_has '^error: (fork|rewritten): .*anchor')"

new_cluster rotation shared_preload_libraries=quiver quiver.audit_ring_size=16MB quiver.audit=all quiver.audit_segment_size=1MB quiver.audit_compress=on
log=$data/quiver_audit
q 'CREATE TABLE t (id int)' "DO \$\$ BEGIN FOR i IN 1..30000 LOOP EXECUTE 'INSERT INTO t VALUES (' || i || ')'; END LOOP; END \$\$" >/dev/null
ask 'SELECT quiver.audit_checkpoint()' >/dev/null
check 'every event of many segments is there' 30000 "$(ask "SELECT count(*) FROM quiver.audit_events() WHERE verb = 'INSERT' AND outcome = 'committed'")"
holds 'closed segments are compressed' wait_for 20 bash -c "ls $log/*.qas.gz"
check 'the log with compressed segments is sound' 0 "$(ask "SELECT count(*) FROM quiver.audit_verify() WHERE severity <> 'info'")"
stop
rm -rf "$scratch/attacked" && cp -a "$log" "$scratch/attacked" && rm "$scratch"/attacked/0000000000000002.*
verify --key "$log/sign.pub" "$scratch/attacked" >"$scratch/verdict" || :
check 'a lost segment is found' yes "$(verdict_has '^error: lost segment: segment 2')"
rm -rf "$scratch/attacked" && cp -a "$log" "$scratch/attacked" && rm "$scratch"/attacked/0000000000000001.*
verify --key "$log/sign.pub" "$scratch/attacked" >"$scratch/verdict" || :
check 'lost first segments are found' yes "$(verdict_has '^error: lost segment: .*segments before 2')"
# The checkpoints of the newest segment come after it: a segment that was just begun has none yet, one that was robbed gets none.
rm -rf "$scratch/attacked" && cp -a "$log" "$scratch/attacked"
notes=$(find "$scratch/attacked" -name '*.notes' | sort | tail -n 1)
mv "$notes" "$scratch/late"
{ sleep 1 && mv "$scratch/late" "$notes"; } &
verify --key "$log/sign.pub" "$scratch/attacked" >"$scratch/verdict" || :
check 'a segment whose first checkpoint is just being written is sound' yes "$(verdict_has ': 0 errors, 0 warnings$')"
wait $!
rm "$notes"
verify --key "$log/sign.pub" "$scratch/attacked" >"$scratch/verdict" || :
check 'one whose checkpoints were taken away is not' yes "$(verdict_has '^warning: missing checkpoint: ')"
cp -a "$log" "$scratch/log_before"
sed -i "\$a quiver.audit_retain_size = '1MB'\nquiver.audit_compress = off" "$data/postgresql.conf"
start
q "DO \$\$ BEGIN FOR i IN 1..12000 LOOP EXECUTE 'INSERT INTO t VALUES (' || i || ')'; END LOOP; END \$\$" >/dev/null
holds 'the retention rule removes the oldest segments' wait_for 25 bash -c "! ls $log/0000000000000001.* 2>/dev/null"
check 'the rest verifies, and says what was removed' 'removed' \
    "$(ask "SELECT string_agg(DISTINCT problem, ' ') FROM quiver.audit_verify() WHERE problem <> 'summary' AND problem <> 'not sealed'")"
stop
# Removed while it is read: the first segment is a pipe, on which the verifier waits until the first segments are gone.
rm -rf "$scratch/attacked" && cp -a "$log" "$scratch/attacked"
first=$(find "$log" -name '0*.qas*' -printf '%f\n' | sort | head -n 1)
cp -an "$scratch"/log_before/0* "$scratch/attacked"
rm "$scratch"/attacked/0000000000000001.qas.gz
mkfifo "$scratch/attacked/0000000000000001.qas"
exec 9<>"$scratch/attacked/0000000000000001.qas"
"$verifier" --key "$log/sign.pub" "$scratch/attacked" >"$scratch/verdict" 9>&- &
holds 'the verifier reads the first segment' wait_for 20 bash -c "readlink /proc/$!/fd/* | grep -q 0001.qas"
for file in "$scratch"/attacked/0*; do [[ ${file##*/} > ${first%%.*} ]] || rm "$file"; done
gzip -dc "$scratch/log_before/0000000000000001.qas.gz" >&9
exec 9>&-
wait $! || :
check 'segments that the rule removes while they are verified are not lost' yes "$(verdict_has ': 0 errors, 0 warnings$')"
check 'and are said to be removed' yes "$(verdict_has "segments before $((16#${first%%.*})) were removed")"
