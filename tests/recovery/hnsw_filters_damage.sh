# Damaged pages of indexes with attributes: bytes flipped anywhere give an error or rows of the table, each once, never a crash or a
# hang; and where the cluster has checksums, an error or the right rows. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch, check
. tests/recovery/hnsw_filters_lib.sh

trials=${DAMAGE_TRIALS:-24}
filters_database damage
for n in $(seq "$trials"); do
    filters_table damage "d$n" 250 "$([ $((n % 2)) = 0 ] || echo 'quantizer = rabitq')"
done
# What is asked of each index, and the true answers.
asked=$(for condition in "${filters_conditions[@]:0:5}"; do echo "SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM TABLE WHERE $condition ORDER BY v <-> '[5,5,5,5,5,5,5,5,5,5,5,5]' LIMIT 1000) AS s"; done)
truth=$(PGOPTIONS='-c enable_indexscan=off' sql damage -c "$(sed 's/TABLE/d1/; s/$/;/' <<<"$asked")")

# PostgreSQL 18 makes clusters with checksums, earlier ones without.
had_checksums=$(sql postgres -c 'SHOW data_checksums')
# have_checksums on|off, with the server stopped.
have_checksums() {
    [ "$(pgtree_as_server "$(command -v pg_controldata)" -D "$PGDATA" | grep -c 'checksum version: *0$')" = "$([ "$1" = on ] && echo 0 || echo 1)" ] ||
        pgtree_as_server "$(command -v pg_checksums)" "$([ "$1" = on ] && echo --enable || echo --disable)" -D "$PGDATA" >/dev/null
}
# damage_all on|off: stop the server, have checksums or not, flip bytes of a page of each index, start it again.
damage_all() {
    sql damage -c CHECKPOINT >/dev/null
    sql damage -c "SELECT substr(relname, 2, length(relname) - 3), pg_relation_filepath(oid), pg_relation_size(oid) / 8192 FROM pg_class WHERE relname ~ '^d[0-9]+_v$'" >"$scratch/files"
    server stop -m fast
    have_checksums "$1"
    while IFS='|' read -r n path blocks; do damage_file "$PGDATA/$path" "$n" "$blocks"; done <"$scratch/files"
    server start -l "$log"
}
# ask_all: what is wrong with the answers; "errors" counts those that name the damage. With "exact", an answer has to be right.
ask_all() {
    local n statement answer number=0
    errors=0 wrong=''
    for n in $(seq "$trials"); do
        number=0
        while read -r statement; do
            number=$((number + 1))
            answer=$(PGOPTIONS='-c client_min_messages=error -c enable_seqscan=off -c enable_sort=off -c statement_timeout=30s' \
                psql -XqAt -d damage -v VERBOSITY=verbose -c "${statement//TABLE/d$n}" 2>&1 || :)
            case $answer in
                *ERROR*XX00*) errors=$((errors + 1)) ;;
                *ERROR* | *'server closed'* | *terminat*) wrong="$wrong; $n: $(head -n 1 <<<"$answer")" ;;
                *)
                    if [ "${1:-}" = exact ]; then
                        [ "$answer" = "$(sed -n "${number}p" <<<"$truth")" ] || wrong="$wrong; $n: $answer"
                    elif tr -d '{}' <<<"$answer" | tr , '\n' | awk '$1 != "" && ($1 < 1 || $1 > 250 || seen[$1]++) { exit 1 }'; then
                        :
                    else
                        wrong="$wrong; $n: $answer"
                    fi
                    ;;
            esac
        done <<<"$asked"
    done
    echo "$errors $wrong"
}
before=$(crashes)
damage_all off
answer=$(ask_all)
check 'a filtered search of a damaged index gives an error that names it, or rows of the table, each once' '' "${answer#* }"
check 'some of the damage is met' yes "$([ "${answer%% *}" -gt 0 ] && echo yes || echo no)"
for n in $(seq "$trials"); do sql damage -c "REINDEX INDEX d${n}_v" >/dev/null; done
check 'REINDEX mends it' sound "$(for n in $(seq "$trials"); do filtered sql damage "d$n"; done | sort -u)"
damage_all on
answer=$(ask_all exact)
check 'with checksums, an error or the right rows' '' "${answer#* }"
check 'most of the damage is met' yes "$([ "${answer%% *}" -gt "$trials" ] && echo yes || echo "${answer%% *}")"
check 'no damage crashed the server' "$before" "$(crashes)"
server stop -m fast
have_checksums "$had_checksums"
server start -l "$log"
sql postgres -c 'DROP DATABASE damage' >/dev/null
