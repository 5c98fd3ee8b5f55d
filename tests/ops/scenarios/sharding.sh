# Rows in two more databases: writes find their shard, nearest neighbours are merged, and the answer is that of one table. Sourced after drills.sh.
# The shards are databases of the same cluster here, reached as those of another would be: by their leader's address, with TLS and a password.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
# shards: on a cluster that runs.
shards() {
    local name said said_id plan log=$site/shard.log
    cat >"$site/group_vars/all/zz_shards.yml" <<END
database_databases:
  - {name: app, owner: app_owner}
  - {name: shard_one, owner: shard_owner}
  - {name: shard_two, owner: shard_owner}
database_users:
  - {name: app, password: "{{ quiver_secrets.app }}", databases: [app], connections: 80}
  - {name: router, password: "{{ quiver_secrets.exporter }}", databases: [shard_one, shard_two], connections: 60}
sharding_shards:
  - {name: one, host: $drill_address, database: shard_one, user: router, password: "{{ quiver_secrets.exporter }}"}
  - {name: two, host: $drill_address, database: shard_two, user: router, password: "{{ quiver_secrets.exporter }}"}
sharding_tables:
  - name: item
    columns: id bigint NOT NULL, note text, embedding vector(8) NOT NULL
    key: id
    partitions: 4
    indexes: ["USING hnsw (embedding vector_l2_ops)"]
    nearest: {column: embedding, operator: "<->", type: vector}
sharding_settings: {hnsw.ef_search: 200}
END
    play site --tags patroni,database >"$log" 2>&1 || tail -n 30 "$log"
    check "two more databases" 0 "$(recap "$log" failed)"
    play shard --check >"$log" 2>&1 || tail -n 30 "$log"
    check "shard.yml --check lists what is missing and makes nothing" "said f" \
        "$(grep -q 'partition item_p3 on two' "$log" && echo said) $(database=app sql "$(leader)" "SELECT to_regclass('item') IS NOT NULL")"
    play shard >"$log" 2>&1 || tail -n 30 "$log"
    check "shard.yml makes it" 0 "$(recap "$log" failed)"
    play shard >"$log.second" 2>&1 || tail -n 30 "$log.second"
    check "and changes nothing the second time" "0 changed, 0 failed" "$(recap "$log.second" changed) changed, $(recap "$log.second" failed) failed"
    check "no secret was logged" "" "$(secrets_in "$log" "$log.second")"
    play security_scan -e security_scan_floor=100 >"$log.scan" 2>&1 || grep -E 'applicable|msg' "$log.scan"
    check "the scan finds no fault with it" "100 0" "$(jq -r '"\(.total.score) \(.total.failed)"' "$site/security_scan/report.json")"

    said=$(client 5010 "SET ROLE app_owner; INSERT INTO item SELECT n, 'note ' || n, ARRAY(SELECT sin(n * 7 + d * 13 + n * d) FROM generate_series(1, 8) AS d)::vector FROM generate_series(1, 6000) AS n;
        CREATE TABLE item_whole AS SELECT * FROM item; SELECT count(*) FROM item")
    check "rows are written through it" 6000 "$said"
    check "each shard has its part, by hash" "t t" "$(database=shard_one sql "$(leader)" "SELECT (SELECT count(*) FROM item_p0) + (SELECT count(*) FROM item_p2) BETWEEN 2500 AND 3500") $(
        database=shard_two sql "$(leader)" "SELECT (SELECT count(*) FROM item_p1) + (SELECT count(*) FROM item_p3) BETWEEN 2500 AND 3500")"
    check "a row by its key asks one shard" "1 42" "$(client 5010 "EXPLAIN (COSTS off) SELECT note FROM item WHERE id = 42" | grep -c 'Foreign Scan') $(client 5010 "SELECT id FROM item WHERE id = 42")"
    # Each query once over all shards, once over a plain table without an index.
    said=$(client 5010 "SELECT count(*) FILTER (WHERE n.id IN (SELECT w.id FROM item_whole w ORDER BY w.embedding <-> q.embedding LIMIT 10)) FROM
        (SELECT id, embedding FROM item_whole WHERE id % 150 = 7) AS q, LATERAL item_nearest(q.embedding, 10) AS n")
    say "of 400 nearest neighbours over two shards (hnsw, ef_search 200) $said are those of exact search over one table"
    check "nearest neighbours merge over the shards: recall 0.98 or better" true "$([ "${said:-0}" -ge 392 ] && echo true || echo "$said")"
    check "in the order of one table" "$(client 5010 "SELECT string_agg(round(d::numeric, 5)::text, ' ' ORDER BY d) FROM (SELECT embedding <-> '[0,0,0,0,0,0,0,1]' AS d FROM item_whole ORDER BY 1 LIMIT 10) AS t")" \
        "$(client 5010 "SELECT string_agg(round((embedding <-> '[0,0,0,0,0,0,0,1]')::numeric, 5)::text, ' ') FROM item_nearest('[0,0,0,0,0,0,0,1]', 10)")"
    plan=$(client 5010 "EXPLAIN (VERBOSE, COSTS off) SELECT id, note, embedding FROM (SELECT * FROM (
        (SELECT *, embedding <-> '[0,0,0,0,0,0,0,1]' AS how_far FROM item_p0 ORDER BY how_far LIMIT 10) UNION ALL
        (SELECT *, embedding <-> '[0,0,0,0,0,0,0,1]' AS how_far FROM item_p1 ORDER BY how_far LIMIT 10)) AS part OFFSET 0) AS near ORDER BY how_far LIMIT 10")
    check "both shards at once, each with the ORDER BY and the LIMIT" "2 2" "$(grep -c 'Async Foreign Scan' <<<"$plan") $(grep -cE 'Remote SQL:.*ORDER BY.*<->.*LIMIT' <<<"$plan")"
    check "the catalogue has no password" 0 "$(database=app sql "$(leader)" "SELECT count(*) FROM pg_user_mapping, unnest(umoptions) AS o WHERE o LIKE 'password=%'")"

    # Another leader has the same file, and a shard that is away takes nothing else along.
    L=$(leader) fault_switchover >"$site/op.log" 2>&1
    within 30 shards_answer
    check "after a switchover the new leader reaches the shards" 6000 "$(client 5010 'SELECT count(*) FROM item')"
    said_id=$(client 5010 'SELECT id FROM item_p0 LIMIT 1')
    sql "$(leader)" "ALTER DATABASE shard_two ALLOW_CONNECTIONS false; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shard_two'" >/dev/null
    said=$(client 5010 "SELECT count(*) FROM item" 2>&1)
    check "a shard that is away fails what needs it" yes "$(grep -qiE 'could not connect|not currently accepting|timeout|terminat|server closed' <<<"$said" && echo yes || echo "$said")"
    check "and nothing else" yes "$(client 5010 "SELECT 'yes' FROM item WHERE id = $said_id")"
    sql "$(leader)" "ALTER DATABASE shard_two ALLOW_CONNECTIONS true" >/dev/null
    within 60 shards_answer

    play unshard --check >"$log" 2>&1 || tail -n 30 "$log"
    check "unshard.yml --check takes nothing away" 6000 "$(client 5010 'SELECT count(*) FROM item')"
    play unshard >"$log" 2>&1 || tail -n 30 "$log"
    check "unshard.yml takes it away here, and leaves the rows there" "t 1" "$(database=app sql "$(leader)" "SELECT to_regclass('item') IS NULL") $(
        { database=shard_one sql "$(leader)" "SELECT count(*) > 0 FROM item_p0"; database=shard_two sql "$(leader)" "SELECT count(*) > 0 FROM item_p1"; } | sort -u | grep -c t)"
    play shard >"$log" 2>&1 || tail -n 30 "$log"
    check "shard.yml, its twin, attaches them again" 6000 "$(client 5010 'SELECT count(*) FROM item')"
    play unshard >"$log" 2>&1 || tail -n 30 "$log"
    client 5010 'SET ROLE app_owner; DROP TABLE item_whole' >/dev/null
    rm "$site/group_vars/all/zz_shards.yml"
    for name in shard_one shard_two; do sql "$(leader)" "DROP DATABASE $name WITH (FORCE)" >/dev/null; done
    sql "$(leader)" "DROP ROLE router, shard_owner" >/dev/null
    play site --tags patroni >"$log" 2>&1 || tail -n 30 "$log"
}
shards_answer() { [ "$(client 5010 'SELECT count(*) FROM item')" = 6000 ]; }
