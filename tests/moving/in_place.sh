# In place: the objects change owner, tables keep their files, and it goes back. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # PEER

# Everything of an extension with what defines it, and its comment.
members() {
    sql "$1" -v extension="$2" <<'SQL'
SELECT pg_describe_object(d.classid, d.objid, 0), obj_description(d.objid, d.classid::regclass::name), CASE d.classid
    WHEN 'pg_proc'::regclass THEN (SELECT (prosrc, probin, provolatile, proisstrict, proparallel, prosupport::regproc,
        prorettype::regtype, proconfig, procost, proargnames)::text FROM pg_proc WHERE oid = d.objid)
    WHEN 'pg_operator'::regclass THEN (SELECT (oprcanhash, oprcanmerge, oprcode::regproc, oprrest::regproc, oprjoin::regproc,
        oprcom::regoperator, oprnegate::regoperator)::text FROM pg_operator WHERE oid = d.objid)
    WHEN 'pg_type'::regclass THEN (SELECT (typlen, typinput::regproc, typoutput::regproc, typreceive::regproc, typsend::regproc,
        typmodin::regproc, typanalyze::regproc, typalign, typstorage)::text FROM pg_type WHERE oid = d.objid)
    WHEN 'pg_cast'::regclass THEN (SELECT (castcontext, castmethod, castfunc::regprocedure)::text FROM pg_cast WHERE oid = d.objid)
    WHEN 'pg_opclass'::regclass THEN (SELECT (opcdefault,
        (SELECT array_agg((amopstrategy, amopopr::regoperator, amoppurpose)::text ORDER BY amopstrategy) FROM pg_amop WHERE amopfamily = opcfamily),
        (SELECT array_agg((amprocnum, amproc::regprocedure)::text ORDER BY amprocnum) FROM pg_amproc WHERE amprocfamily = opcfamily))::text
        FROM pg_opclass WHERE oid = d.objid) END
FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
WHERE e.extname = :'extension' ORDER BY 1;
SQL
}
contents() {
    sql "$1" <<'SQL'
SELECT md5(string_agg(item::text, ';' ORDER BY id)) FROM item;
SELECT count(*), avg(v), sum(h) FROM item;
SELECT count(*), sum(d) FROM near;
SELECT nearest('[30,60,3]'), pg_relation_filenode('item'), pg_relation_filenode('item_v');
SET enable_seqscan = off;
SELECT id FROM item WHERE v = '[7,14,3]';
INSERT INTO unit_item VALUES ('[1,1,0]');
SQL
}

for schema in public types; do
    app=app_$schema
    sql postgres -c "CREATE DATABASE $app" -c "ALTER DATABASE $app SET search_path = public, types"
    sql "$app" -c 'CREATE SCHEMA IF NOT EXISTS types' -c "CREATE EXTENSION vector SCHEMA $schema" -f - <<'SQL'
CREATE TABLE item (id int PRIMARY KEY, v vector(3) DEFAULT '[0,0,1]', h halfvec(3), list vector(3)[], twice vector GENERATED ALWAYS AS (v + v) STORED,
    CHECK (vector_dims(v) = 3));
INSERT INTO item SELECT i, ARRAY[i, 2 * i, 3]::vector, ARRAY[i % 50, 1, 1]::vector, ARRAY['[1,2,3]'::vector] FROM generate_series(1, 500) i;
CREATE INDEX item_v ON item (v);
CREATE VIEW near AS SELECT id, v <-> '[1,2,3]' AS d FROM item WHERE v <> '[0,0,0]' ORDER BY v <-> '[1,2,3]' LIMIT 20;
CREATE DOMAIN unit AS vector(3) CHECK (abs(vector_norm(VALUE) - 1) < 1e-6);
CREATE TABLE unit_item (v unit);
CREATE FUNCTION nearest(q vector) RETURNS int LANGUAGE sql STABLE RETURN (SELECT id FROM item ORDER BY v <-> q, id LIMIT 1);
CREATE TABLE part (id int, v vector(3)) PARTITION BY RANGE (id);
CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (0) TO (100);
INSERT INTO part SELECT id, v FROM item WHERE id < 100;
SQL
    indexes=0
    if has_hnsw "$app"; then
        sql "$app" -c 'CREATE INDEX item_near ON item USING hnsw (v vector_l2_ops) WITH (m = 8)' -c 'CREATE INDEX part_near ON part USING hnsw (v vector_cosine_ops)'
        indexes=2
    fi
    before=$(contents "$app")
    theirs=$(members "$app" vector)
    check "the questions asked of $app have answers" '500 ' "$(sed -n '2s/|.*/ /p' <<<"$before")"

    checked=$(moving check "$app")
    check 'the rehearsal succeeds' 'status 0' "$(tail -n 1 <<<"$checked")"
    [ "${checked##*$'\n'}" = 'status 0' ] || printf '%s\n' "$checked" | sed 's/^/# /'
    check 'and says what would be built again' "$((indexes))" "$(grep -c '^to be dropped and built again: .*hnsw' <<<"$checked")"
    check 'and changes nothing' "$before" "$(contents "$app")"
    check 'and leaves no database behind' 0 "$(sql postgres -c "SELECT count(*) FROM pg_database WHERE datname LIKE 'moving_rehearsal%'")"

    check 'the move succeeds' 'status 0' "$(moving move "$app" | tail -n 1)"
    check 'the extension is quiver now, pgvector is gone' "quiver $schema" \
        "$(sql "$app" -F ' ' -c "SELECT extname, extnamespace::regnamespace FROM pg_extension WHERE extname IN ('quiver', 'vector')")"
    check 'rows, views, functions, files and btree indexes are as before' "$before" "$(contents "$app")"
    check 'no function calls the old library' 0 "$(sql "$app" -c "SELECT count(*) FROM pg_proc WHERE probin LIKE '%vector%'")"
    sql postgres -c "CREATE DATABASE fresh_$schema"
    sql "fresh_$schema" -c 'CREATE SCHEMA IF NOT EXISTS types' -c "ALTER DATABASE fresh_$schema SET search_path = public, types" -c "CREATE EXTENSION quiver SCHEMA $schema"
    check 'the extension is what CREATE EXTENSION makes, object for object' '' \
        "$(diff <(members "fresh_$schema" quiver) <(members "$app" quiver))"
    check 'what is new with quiver works on the old rows' '[2,4,6]' "$(sql "$app" -c 'SELECT v * 2 FROM item WHERE id = 1')"
    if [ "$indexes" -gt 0 ] && has_hnsw "$app"; then
        check 'the indexes are built again' 'status 0' "$(moving rebuild "$app" | tail -n 1)"
        check 'with their names and options' "{m=8} $indexes" "$(sql "$app" -F ' ' -c "SELECT reloptions, (SELECT count(*) FROM moved_index WHERE built) FROM pg_class
            WHERE relname = 'item_near'")"
        check 'and are used' t "$(sql "$app" -c 'SET enable_seqscan = off' -c "EXPLAIN SELECT id FROM item ORDER BY v <-> '[1,2,3]' LIMIT 3" | grep -c 'Index Scan using item_near' | sed 's/1/t/')"
        check 'a second rebuild has nothing to do' 'status 0' "$(moving rebuild "$app")"
    fi
    check 'a dump of the moved database restores' "$(contents "$app" | sed 4d)" \
        "$(sql postgres -c "CREATE DATABASE copy_$schema" -c "ALTER DATABASE copy_$schema SET search_path = public, types" >/dev/null
           pg_dump "$app" | psql -Xq -d "copy_$schema" >/dev/null 2>&1; contents "copy_$schema" | sed 4d)"

    went=$(moving back "$app")
    check 'the way back succeeds' 'status 0' "$(tail -n 1 <<<"$went")"
    [ "${went##*$'\n'}" = 'status 0' ] || printf '%s\n' "$went" | sed 's/^/# /'
    check 'rows, views, functions, files and btree indexes are as at first' "$before" "$(contents "$app")"
    check 'and pgvector is what it was, object for object' '' "$(diff <(printf '%s\n' "$theirs") <(members "$app" vector))"
    check 'nothing of quiver is left' '' "$(sql "$app" -c "SELECT proname FROM pg_proc WHERE probin LIKE '%quiver%'" -c "SELECT nspname FROM pg_namespace WHERE nspname = 'quiver'")"
    check 'the indexes are built again there' 'status 0' "$(moving rebuild "$app" | tail -n 1)"
done

# What stops it.
sql postgres -c 'CREATE DATABASE without' >/dev/null
check 'a database without pgvector is refused' 'extension vector is not installed in without status 1' "$(moving move without | tr '\n' ' ' | sed 's/ $//')"
check 'and so is adopting by hand' 1 "$(sql without -c "CREATE EXTENSION quiver VERSION 'adopt'" | grep -c 'ERROR: *extension "vector" is not installed in this database')"
sql postgres -c 'CREATE DATABASE uses_new' >/dev/null
sql uses_new -c 'CREATE EXTENSION vector' -c 'CREATE TABLE item (v vector(3))' >/dev/null
moving move uses_new >/dev/null
sql uses_new -c 'CREATE TABLE small (t tinyvec(3))' >/dev/null
refused=$(moving back uses_new)
check 'the way back is refused while a column needs quiver' 1 "$(grep -c 'column t of table small depends on type tinyvec' <<<"$refused")"
check 'and has changed nothing' quiver "$(sql uses_new -c "SELECT extname FROM pg_extension WHERE extname IN ('quiver', 'vector')")"
