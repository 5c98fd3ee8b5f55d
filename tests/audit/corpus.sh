# More than two hundred statements on three servers: without audit, with pgaudit, with quiver. What clients see
# is the same on all; what pgaudit names quiver names; what quiver records is tests/audit/corpus.expected.
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh
awk '{ printf "SET quiver.audit_context = \047%d\047;\n\\echo == %d\n%s;\n", NR, NR, $0 }' tests/audit/corpus.txt >"$scratch/corpus.sql"
corpus() { # corpus NAME: every statement in one session; what the client sees
    q 'CREATE ROLE corpus_marker' >/dev/null
    psql -XAt -v VERBOSITY=default -f "$scratch/corpus.sql" 2>&1 | sed -E "s|^psql:[^ ]*: ||; s/pgsql_tmp.*//" >"$scratch/seen.$1" || :
}
extra=(max_prepared_transactions=5 wal_level=logical max_worker_processes=4)
new_cluster corpus_plain "${extra[@]}"
corpus plain
stop
new_cluster corpus_peer shared_preload_libraries=pgaudit "${extra[@]}"
q 'CREATE EXTENSION pgaudit' 'ALTER SYSTEM SET pgaudit.log = $$all$$' 'SELECT pg_reload_conf()' >/dev/null
corpus peer
cp "$data/server.log" "$scratch/peer.log"
stop
new_cluster corpus shared_preload_libraries=quiver quiver.audit=all,-login quiver.audit_json=on "${extra[@]}"
corpus ours
ask "SELECT DISTINCT context::int, concat_ws(' ', class, NULLIF(verb, ''), object_name, outcome, sqlstate)
     FROM quiver.audit_events() WHERE context IS NOT NULL AND NOT (class = 'misc_set' AND object_name = 'quiver.audit_context')
     ORDER BY 1, 2" | sed 's/|/ /' >"$scratch/corpus.actual"
[ -z "${QUIVER_AUDIT_KEEP:-}" ] || cp "$scratch"/corpus.actual "$scratch"/seen.* "$scratch/peer.log" "$QUIVER_AUDIT_KEEP"

# The label needs the provider that only quiver brings.
visible() { awk '/^== /{ n = $2 } n != label' label="$(grep -n '^SECURITY LABEL' tests/audit/corpus.txt | cut -d : -f 1)" "$1"; }
check "corpus: $(wc -l <tests/audit/corpus.txt) statements, no client sees that it is audited" '' \
    "$(diff <(visible "$scratch/seen.plain") <(visible "$scratch/seen.ours") | head -n 20)"
# Which parts of a command are objects of their own differs a little from server to server: 15 is written down.
case $(pgtree_config --version) in
    'PostgreSQL 15'*) check 'corpus: what is recorded' '' "$(diff tests/audit/corpus.expected "$scratch/corpus.actual")" ;;
esac
check 'corpus: every statement has an event, but those that change only its name for it' '' \
    "$(seq "$(wc -l <tests/audit/corpus.txt)" | grep -vxF -f <(cut -d ' ' -f 1 "$scratch/corpus.actual" | sort -u) | tr '\n' ' ')"
# Pairs of statement and object that pgaudit has; TOAST's own, which it names for REINDEX from 17 on, come with their table.
sed -nE "s/.*AUDIT: SESSION,[0-9]+,[0-9]+,([A-Z]*),([^,]*),([^,]*),(\"[^\"]*\"|[^,]*),.*/\1|\2|\4|&/p" "$scratch/peer.log" |
    awk -F '|' 'match($0, /quiver.audit_context = .[0-9]+/) { n = substr($0, RSTART + 24, RLENGTH - 24); next }
        $3 != "" && n != "" { gsub(/"/, "", $3); print n " " $3 }' | grep -v ' pg_toast\.' | sort -u >"$scratch/peer.objects"
ask "SELECT DISTINCT context || ' ' || replace(object_name, '\"', '') FROM quiver.audit_events() WHERE context IS NOT NULL AND object_name IS NOT NULL" |
    sort -u >"$scratch/our.objects"
check "corpus: of $(wc -l <"$scratch/peer.objects") objects that pgaudit names, quiver ($(wc -l <"$scratch/our.objects")) misses none" '' \
    "$(comm -23 "$scratch/peer.objects" "$scratch/our.objects" | tr '\n' ';')"
check 'corpus: no secret in the log' '0 0' \
    "$(cat "$data"/quiver_audit/*.qas | grep -c 'secret-in-text' || :) $(cat "$data"/quiver_audit/*.jsonl | grep -c 'secret-in-text' || :)"
check 'corpus: pgaudit leaks it' yes "$([ "$(grep AUDIT: "$scratch/peer.log" | grep -c 'secret-in-text')" -gt 0 ] && echo yes)"
stop
