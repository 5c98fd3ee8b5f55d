# Dumps in each format restore to the same rows, bytes and objects; also where the extension lives in
# a schema of its own. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch

fingerprint() {
    sql "$1" <<'SQL'
SET search_path = public, types;
SELECT md5(string_agg(item::text, ';' ORDER BY id)) FROM item;
SELECT md5(string_agg(vector_send(v) || halfvec_send(h) || tinyvec_send(t) || sparsevec_send(s) || varbit_send(b), ''
                      ORDER BY id)) FROM item WHERE v IS NOT NULL AND h IS NOT NULL;
SELECT indexdef FROM pg_indexes WHERE tablename = 'item' ORDER BY 1;
SELECT attname, format_type(atttypid, atttypmod), attstorage FROM pg_attribute
WHERE attrelid = 'item'::regclass AND attnum > 0 ORDER BY attnum;
SELECT v::text, s::text, nearest('[250,15,-250]') FROM centre;
SELECT vector_dims(any_size), l2_distance(any_size, any_size) FROM item WHERE id = 3;
SQL
}

sql postgres -c 'CREATE DATABASE origin' -c 'CREATE DATABASE apart'
sql origin -c 'CREATE EXTENSION quiver' -f tests/recovery/every_type.sql
sql apart -c 'CREATE SCHEMA types' -c 'CREATE EXTENSION quiver SCHEMA types' \
    -c 'SET search_path = public, types' -f tests/recovery/every_type.sql
check 'the table has its rows' 500 "$(sql origin -c 'SELECT count(*) FROM item')"

restore() { # restore FORMAT ORIGIN
    local target=restored_$1_$2 dump=$scratch/$1_$2
    sql postgres -c "CREATE DATABASE $target"
    case $1 in
        plain) pg_dump "$2" >"$dump" && sql "$target" -f "$dump" >"$dump.log" ;;
        inserts) pg_dump --inserts "$2" >"$dump" && sql "$target" -f "$dump" >"$dump.log" ;;
        custom) pg_dump -Fc -f "$dump" "$2" && pg_restore --exit-on-error -d "$target" "$dump" ;;
        directory) pg_dump -Fd -j2 -f "$dump" "$2" && pg_restore --exit-on-error -j2 -d "$target" "$dump" ;;
    esac
}
for origin in origin apart; do
    expected=$(fingerprint "$origin")
    check "the questions asked of $origin have answers" 20 "$(grep -vc ERROR <<<"$expected")"
    for format in plain inserts custom directory; do
        check "a dump of $origin ($format) restores without an error" 0 "$(restore "$format" "$origin" 2>&1; echo $?)"
        check "and gives the same rows, bytes and definitions" "$expected" "$(fingerprint "restored_${format}_$origin")"
    done
done
check 'the dump creates the extension instead of its objects' '1 0' \
    "$(grep -c '^CREATE EXTENSION' "$scratch/plain_origin") $(grep -cE '^CREATE (TYPE public\.vector|OPERATOR)' "$scratch/plain_origin")"

# COPY BINARY between databases.
sql postgres -c 'CREATE DATABASE binary_copy'
sql binary_copy -c 'CREATE EXTENSION quiver' -c 'CREATE TABLE item (id int, v vector(3), h halfvec(3), t tinyvec(3),
    s sparsevec(1000000000), b bit(11), any_size vector)'
columns='id, v, h, t, s, b, any_size'
psql -Xqd origin -c "COPY item ($columns) TO STDOUT (FORMAT binary)" >"$scratch/binary"
check 'COPY BINARY reads what it wrote' '' \
    "$(psql -Xqd binary_copy -c "COPY item ($columns) FROM STDIN (FORMAT binary)" <"$scratch/binary" 2>&1)"
rows="SELECT md5(string_agg(ROW($columns)::text, ';' ORDER BY id)) FROM item"
check 'and the rows are the same' "$(sql origin -c "$rows")" "$(sql binary_copy -c "$rows")"
