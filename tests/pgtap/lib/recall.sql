-- pg_temp.recall(table, operator, queries, k): the share of the k nearest that an index scan returns.
--
-- The table has columns id and v; by distance, so that ties count as found.
CREATE FUNCTION pg_temp.recall(tab regclass, operator text, queries text[], k int, condition text DEFAULT 'true')
RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    query text;
    statement text := format('SELECT array_agg(d) FROM (SELECT v %1$s $1::%2$s AS d FROM %3$s WHERE %4$s ORDER BY v %1$s $1::%2$s LIMIT %5$s) s',
        operator, (SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = tab AND attname = 'v'), tab, condition, k);
    exact float8[];
    found float8[];
    hits int := 0;
    wanted int := 0;
BEGIN
    FOREACH query IN ARRAY queries LOOP
        SET LOCAL enable_indexscan = off;
        SET LOCAL enable_seqscan = on;
        EXECUTE statement INTO exact USING query;
        SET LOCAL enable_indexscan = on;
        SET LOCAL enable_seqscan = off;
        EXECUTE statement INTO found USING query;
        wanted := wanted + cardinality(exact);
        hits := hits + (SELECT count(*) FROM unnest(found) f WHERE f <= exact[cardinality(exact)] + 1e-6);
    END LOOP;
    RETURN hits::float8 / nullif(wanted, 0);
END $$;
