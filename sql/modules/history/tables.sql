-- What has row history, and which columns it had when. The changes themselves lie in the schema quiver_history.
CREATE SCHEMA quiver_history;
COMMENT ON SCHEMA quiver_history IS 'earlier versions of rows; written by quiver alone';
GRANT USAGE ON SCHEMA quiver_history TO PUBLIC;

CREATE TABLE quiver.history_table (
    id             int PRIMARY KEY,
    relation       regclass UNIQUE,
    name           text NOT NULL,
    store          regclass NOT NULL,
    key            int[] NOT NULL,
    excluded       int[] NOT NULL,
    hashed         int[] NOT NULL,
    retain         interval,
    partition_days int NOT NULL,
    enabled_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    kept_since     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE quiver.history_table IS
    'tables with row history; relation is NULL when it was disabled or the table is gone';

CREATE TABLE quiver.history_column (
    history     int NOT NULL,
    incarnation text NOT NULL,
    attnum      int2 NOT NULL,
    id          int NOT NULL,
    name        name NOT NULL,
    type        text NOT NULL,
    dropped     boolean NOT NULL DEFAULT false,
    at          timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE quiver.history_column IS
    'columns of tables with row history: which number had which name and type since when, in which incarnation of the table';
CREATE INDEX history_column_history ON quiver.history_column (history);
COMMENT ON INDEX quiver.history_column_history IS 'columns by history';

GRANT SELECT ON quiver.history_table, quiver.history_column TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('quiver.history_table', '');
SELECT pg_catalog.pg_extension_config_dump('quiver.history_column', '');

CREATE FUNCTION quiver.history_trigger() RETURNS trigger
    AS 'MODULE_PATHNAME', 'quiver_history_trigger'
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.history_trigger() IS 'keeps a statement''s changes; made by quiver.history_enable()';

CREATE FUNCTION quiver.history_refresh(relation oid) RETURNS void
    AS 'MODULE_PATHNAME', 'quiver_history_refresh' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.history_refresh(oid) IS 'has all sessions read anew how a table''s history is kept';

-- The latest word on each number of a history, whatever the incarnation.
CREATE FUNCTION quiver.history_columns_now(history int)
    RETURNS TABLE (id int, name name, type text, dropped boolean)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT DISTINCT ON (c.id) c.id, c.name, c.type, c.dropped
    FROM quiver.history_column c WHERE c.history = $1 ORDER BY c.id, c.at DESC
$$;
COMMENT ON FUNCTION quiver.history_columns_now(int) IS
    'the columns of a history by their numbers, with the newest names';

-- How a table's rows are kept; writes down what is new about its columns. An incarnation is a table in a database
-- of a cluster: in another, after a restore, attribute numbers may be others and names count.
CREATE FUNCTION quiver.history_plan(relation oid, OUT store oid, OUT transactions oid, OUT sequence oid,
        OUT days int, OUT attributes int2[], OUT ids int[], OUT modes text, OUT key int2[], OUT salt bytea)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    h quiver.history_table;
    here text;
    base int;
    is_new boolean;
BEGIN
    SELECT t.* INTO h FROM quiver.history_table t WHERE t.relation = history_plan.relation::regclass;
    IF NOT FOUND THEN
        SELECT t.* INTO h FROM pg_partition_ancestors(history_plan.relation::regclass) a
        JOIN quiver.history_table t ON t.relation = a.relid LIMIT 1;
    END IF;
    IF h.id IS NULL THEN
        RAISE 'table % has no history', history_plan.relation::regclass
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Call quiver.history_enable(); in a transaction that began before that, start anew.';
    END IF;
    SELECT concat_ws('/', c.system_identifier, d.oid, h.relation::oid) INTO here
    FROM pg_control_system() c, pg_database d WHERE d.datname = current_database();
    SELECT 2000 * count(DISTINCT c.incarnation) FILTER (WHERE c.incarnation <> here),
        coalesce(bool_and(c.incarnation <> here), true)
    INTO base, is_new FROM quiver.history_column c WHERE c.history = h.id;

    WITH live AS (
        SELECT a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a
        WHERE a.attrelid = h.relation AND a.attnum > 0 AND NOT a.attisdropped
    ), known AS (
        SELECT DISTINCT ON (c.attnum) c.* FROM quiver.history_column c
        WHERE c.history = h.id AND c.incarnation = here ORDER BY c.attnum, c.at DESC
    ), named AS (
        SELECT DISTINCT ON (n.name) n.id, n.name FROM quiver.history_columns_now(h.id) n
        WHERE is_new AND NOT n.dropped ORDER BY n.name, n.id DESC
    ), found AS (
        SELECT l.attnum, coalesce(k.id, n.id, base + l.attnum) AS id, l.attname, l.type, k.name AS old_name,
            k.type AS old_type
        FROM live l LEFT JOIN known k ON k.attnum = l.attnum LEFT JOIN named n ON n.name = l.attname
    )
    INSERT INTO quiver.history_column (history, incarnation, attnum, id, name, type, dropped)
    SELECT h.id, here, f.attnum, f.id, f.attname, f.type, false FROM found f
    WHERE f.old_name IS DISTINCT FROM f.attname OR f.old_type IS DISTINCT FROM f.type
    UNION ALL
    SELECT h.id, here, k.attnum, k.id, k.name, k.type, true FROM known k
    WHERE NOT k.dropped AND k.attnum NOT IN (SELECT l.attnum FROM live l);

    store := h.store;
    days := h.partition_days;
    transactions := 'quiver_history.transactions'::regclass;
    sequence := 'quiver_history.numbers'::regclass;
    WITH known AS (
        SELECT DISTINCT ON (c.attnum) c.attnum, c.id, c.name, c.dropped FROM quiver.history_column c
        WHERE c.history = h.id AND c.incarnation = here ORDER BY c.attnum, c.at DESC
    ), mine AS (
        SELECT a.attnum, k.id, CASE WHEN k.id = ANY (h.key) THEN 'k' WHEN k.id = ANY (h.excluded) THEN 'x'
            WHEN k.id = ANY (h.hashed) THEN 'h' WHEN a.attgenerated = 'v' THEN 'x' ELSE 'v' END AS mode
        FROM known k JOIN pg_attribute a ON a.attrelid = history_plan.relation AND a.attname = k.name
            AND a.attnum > 0 AND NOT a.attisdropped
        WHERE NOT k.dropped
    )
    SELECT array_agg(m.attnum ORDER BY m.attnum), array_agg(m.id ORDER BY m.attnum),
        string_agg(m.mode, '' ORDER BY m.attnum),
        array_agg(m.attnum ORDER BY array_position(h.key, m.id)) FILTER (WHERE m.mode = 'k')
    INTO attributes, ids, modes, key FROM mine m;
    IF coalesce(cardinality(key), 0) <> cardinality(h.key) THEN
        RAISE 'a column of the key of the history of table % is gone', history_plan.relation::regclass
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Call quiver.history_disable(), then quiver.history_enable() with the new primary key.';
    END IF;
    IF h.hashed <> '{}' THEN
        SELECT s.salt INTO salt FROM quiver_history.salt s WHERE s.history = h.id;
    END IF;
END $$;
COMMENT ON FUNCTION quiver.history_plan(oid) IS 'how the rows of a table are kept, for the trigger';
REVOKE ALL ON FUNCTION quiver.history_trigger(), quiver.history_refresh(oid), quiver.history_plan(oid) FROM PUBLIC;
