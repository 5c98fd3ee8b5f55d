# Attributes of an hnsw index on a streaming replica: filtered searches give what the table there holds, and what the
# primary gives, throughout inserts, updates of attributes, deletes and vacuum. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch, check
. tests/recovery/hnsw_filters_lib.sh

filters_database replica
filters_table replica plain 1500 ''
filters_table replica coded 1500 'quantizer = rabitq'
make_standby replica
# The nearest ids under each condition, from both tables.
nearest=$(
    for table in plain coded; do
        for condition in "${filters_conditions[@]}"; do
            echo "SELECT array_agg(id) FROM (SELECT id FROM $table WHERE $condition ORDER BY v <-> '[5,5,5,5,5,5,5,5,5,5,5,5]' LIMIT 15) AS s;"
        done
    done
)
answers() { "$1" replica -c 'SET enable_seqscan = off; SET enable_sort = off' -c "$nearest"; }
for round in 1 2 3; do
    # The standby is asked all the while.
    (for _ in $(seq 15); do answers on_standby | grep -a ERROR || :; done >"$scratch/asked") & asked=$!
    for table in plain coded; do
        sql replica -c "INSERT INTO $table SELECT $filters_row FROM generate_series($((round * 10000)), $((round * 10000 + 300))) AS i" \
            -c "UPDATE $table SET tenant = (tenant + 1) % 10, price = price + 0.3 WHERE id % 17 = $round" \
            -c "DELETE FROM $table WHERE id % 7 = $round" -c "VACUUM (INDEX_CLEANUP on) $table" \
            -c "INSERT INTO $table SELECT $filters_row FROM generate_series($((round * 10000 + 400)), $((round * 10000 + 600))) AS i" >/dev/null
    done
    wait "$asked"
    caught_up
    check "round $round: filtered searches on the standby gave no error meanwhile" '' "$(head -n 3 "$scratch/asked")"
    check "round $round: they give the rows of its table" 'sound sound' "$(filtered on_standby replica plain) $(filtered on_standby replica coded)"
    check "round $round: and in the primary's order" "$(answers sql)" "$(answers on_standby)"
done
cluster=$standby/data server promote
check 'promoted, filters see what is written there' 'sound sound' "$(for table in plain coded; do
    PGPORT=5433 sql replica -c "UPDATE $table SET tenant = 3 WHERE id % 11 = 5" >/dev/null; done
    echo "$(filtered on_standby replica plain) $(filtered on_standby replica coded)")"
stop_standby
sql postgres -c 'DROP DATABASE replica' >/dev/null
