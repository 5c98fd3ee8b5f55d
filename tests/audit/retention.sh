# Segments are kept for as long as the rules say, and the log says which went.
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh
new_cluster retention shared_preload_libraries=quiver quiver.audit=read,-login quiver.audit_segment_size=1MB quiver.audit_json=on quiver.audit_ring_size=8MB
q 'CREATE TABLE t (id int)' >/dev/null
segment() { printf '%s/quiver_audit/%016x%s' "$data" "$1" "${2:-.qas}"; }
begun() { [ -e "$(segment "$1")" ]; }
fill_until() { # fill_until SEGMENT: statements until it is begun
    for _ in $(seq 100); do
        if begun "$1"; then return; fi
        psql -XqAt -c "DO \$\$ BEGIN FOR i IN 1..3000 LOOP PERFORM id FROM t; END LOOP; END \$\$"
        ask 'SELECT quiver.audit_checkpoint()' >/dev/null
    done
}
there() { local number list=; for number in $(seq 9); do if begun "$number" || [ -e "$(segment "$number" .qas.gz)" ]; then list+=$number; fi; done; echo "$list"; }
fill_until 4
check 'without a rule every segment stays' 1234 "$(there)"
# The first is 40 days old, the second 31, the third 29. Of the first, a crash has cut the removal short.
rm "$(segment 1 .jsonl)" "$(segment 1 .notes)"
touch -d '40 days ago' "$(segment 1)"
touch -d '31 days ago' "$(segment 2)"
touch -d '29 days ago' "$(segment 3)"
q "ALTER SYSTEM SET quiver.audit_retain_days = 30" 'SELECT pg_reload_conf()' >/dev/null
holds 'by days: what is older goes' wait_for 60 bash -c "[ ! -e '$(segment 2)' ]"
check 'by days: what is younger stays, and what is being written' 34 "$(there)"
check 'its checkpoints and JSON lines go with it' '' "$(ls "$(segment 1 .notes)" "$(segment 2 .jsonl)" 2>/dev/null)"
check 'the log says so' 'segments before 3 removed by the retention rule' \
    "$(ask "SELECT detail FROM quiver.audit_events() WHERE kind = 'retention'")"
check 'and verifies' ' removed' "$(problems) $(ask "SELECT problem FROM quiver.audit_verify() WHERE problem = 'removed'")"
check 'so it does without the server' 0 "$(verify --key "$data/quiver_audit/sign.pub" "$data/quiver_audit" >"$scratch/verdict"; echo $?)"
# Compressed, it is no younger.
q "ALTER SYSTEM SET quiver.audit_compress = on" 'SELECT pg_reload_conf()' >/dev/null
holds 'a closed segment is compressed' wait_for 60 test -e "$(segment 3 .qas.gz)"
check 'and as old as it was' yes "$([ "$(stat -c %Y "$(segment 3 .qas.gz)")" -lt "$(date -d '28 days ago' +%s)" ] && echo yes)"
q "ALTER SYSTEM SET quiver.audit_retain_days = 28" 'SELECT pg_reload_conf()' >/dev/null
holds 'so it goes when it is too old' wait_for 60 bash -c "[ ! -e '$(segment 3 .qas.gz)' ]"
check 'the log verifies' '' "$(problems)"
# By size: three closed segments, of which about one may stay.
q 'ALTER SYSTEM RESET ALL' "ALTER SYSTEM SET quiver.audit_retain_size = '2MB'" 'SELECT pg_reload_conf()' >/dev/null
fill_until 7
holds 'by size: the oldest go' wait_for 60 bash -c "[ ! -e '$(segment 4)' ]"
check 'by size: the newest closed one stays' yes "$(begun 6 && echo yes)"
check 'the log verifies after that too' '' "$(problems)"
# A segment that somebody else has taken away is none that the rule did.
rm -f "$(segment 6)" "$(segment 6 .notes)"
check 'one that was taken away by hand is missed' yes "$(problems | grep -q 'lost segment' && echo yes)"
stop
