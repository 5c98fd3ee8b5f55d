-- Enabling and disabling row history, its partitions and their retention.
CREATE FUNCTION quiver.history_tables_exist() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF to_regclass('quiver_history.transactions') IS NOT NULL THEN
        RETURN;
    END IF;
    CREATE SEQUENCE quiver_history.numbers;
    CREATE TABLE quiver_history.transactions (
        id bigint NOT NULL, number bigint NOT NULL, committed_at timestamptz NOT NULL, began_at timestamptz NOT NULL,
        xid bigint NOT NULL, session text NOT NULL, session_user_name text, role text, application text, client text,
        context text);
    CREATE INDEX transactions_id ON quiver_history.transactions (id);
    CREATE INDEX transactions_committed_at ON quiver_history.transactions USING brin (committed_at)
        WITH (pages_per_range = 16, autosummarize = on);
    CREATE TABLE quiver_history.salt (history int PRIMARY KEY, salt bytea NOT NULL);
END $$;
COMMENT ON FUNCTION quiver.history_tables_exist() IS 'makes what all histories share when the first is enabled';

CREATE FUNCTION quiver.history_partitions(history int) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    h quiver.history_table;
    short text;
    part text;
    epoch CONSTANT date := '2000-01-01';
    first date;
    last date;
BEGIN
    SELECT t.* INTO STRICT h FROM quiver.history_table t WHERE t.id = $1;
    SELECT c.relname INTO short FROM pg_class c WHERE c.oid = h.store;
    FOR i IN 0..2 LOOP
        first := epoch + ((clock_timestamp() AT TIME ZONE 'UTC')::date - epoch) / h.partition_days * h.partition_days
            + i * h.partition_days;
        last := first + h.partition_days;
        part := format('%s_%s', short, to_char(first, 'YYYYMMDD'));
        CONTINUE WHEN to_regclass(format('quiver_history.%I', part)) IS NOT NULL;
        -- What came meanwhile lies in the default partition and has to move before the new one may be there.
        EXECUTE format('CREATE TABLE quiver_history.%I (LIKE %s INCLUDING ALL)', part, h.store);
        EXECUTE format('WITH gone AS (DELETE FROM quiver_history.%I WHERE at >= %L AND at < %L RETURNING *) '
            'INSERT INTO quiver_history.%I SELECT * FROM gone', short || '_rest', first::text || ' 00:00:00+00',
            last::text || ' 00:00:00+00', part);
        EXECUTE format('ALTER TABLE %s ATTACH PARTITION quiver_history.%I FOR VALUES FROM (%L) TO (%L)', h.store, part,
            first::text || ' 00:00:00+00', last::text || ' 00:00:00+00');
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.history_partitions(int) IS 'makes the partitions of now and of the two spans to come';

CREATE FUNCTION quiver.history_triggers(relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    part regclass;
    name text;
    clause text;
BEGIN
    FOR part IN
        SELECT t.relid FROM pg_partition_tree(relation) t UNION SELECT relation
    LOOP
        FOR name, clause IN VALUES
            ('quiver_history_insert', 'AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows'),
            ('quiver_history_update', 'AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
            ('quiver_history_delete', 'AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows'),
            ('quiver_history_truncate', 'BEFORE TRUNCATE ON %s')
        LOOP
            CONTINUE WHEN EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = part AND g.tgname = name);
            EXECUTE format('CREATE TRIGGER %I ' || clause
                || ' FOR EACH STATEMENT EXECUTE FUNCTION quiver.history_trigger()', name, part);
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', part, name);
        END LOOP;
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.history_triggers(regclass) IS 'makes the triggers that a table and its partitions lack';

CREATE FUNCTION quiver.history_enable_inner(relation regclass, exclude name[], hash name[], retain interval,
        partition_days int) RETURNS regclass
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    kind "char";
    persistence "char";
    is_partition boolean;
    short name;
    number int;
    store text;
    key int[];
    unknown name;
BEGIN
    SELECT c.relkind, c.relpersistence, c.relispartition, c.relname INTO kind, persistence, is_partition, short
    FROM pg_class c WHERE c.oid = history_enable_inner.relation;
    IF kind NOT IN ('r', 'p') OR persistence = 't' THEN
        RAISE '% is not an ordinary table', history_enable_inner.relation USING ERRCODE = 'wrong_object_type',
            HINT = 'Row history is kept of tables and partitioned tables, not of views, foreign or temporary tables.';
    END IF;
    IF is_partition THEN
        RAISE '% is a partition', history_enable_inner.relation USING ERRCODE = 'wrong_object_type',
            HINT = 'Enable history for the partitioned table that it belongs to.';
    END IF;
    IF EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON d.refobjid = e.oid AND e.extname = 'quiver'
               WHERE d.classid = 'pg_class'::regclass AND d.objid = history_enable_inner.relation AND d.deptype = 'e')
        OR EXISTS (SELECT FROM pg_class c WHERE c.oid = history_enable_inner.relation
                   AND c.relnamespace = ANY (ARRAY['quiver_history'::regnamespace, 'pg_catalog'::regnamespace])) THEN
        RAISE '% belongs to the system', history_enable_inner.relation USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF partition_days IS NULL OR partition_days < 1 OR partition_days > 3660 THEN
        RAISE 'partition_days must be between 1 and 3660, not %', partition_days
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF retain <= interval '0' THEN
        RAISE 'retain must be positive, not %', retain USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', history_enable_inner.relation);
    IF EXISTS (SELECT FROM quiver.history_table t WHERE t.relation = history_enable_inner.relation) THEN
        RAISE 'table % has history already', history_enable_inner.relation
            USING ERRCODE = 'duplicate_object', HINT = 'Call quiver.history_disable() first to change how it is kept.';
    END IF;
    SELECT array_agg(k.attnum::int ORDER BY k.place) INTO key
    FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k (attnum, place)
    WHERE i.indrelid = history_enable_inner.relation AND i.indisprimary AND k.place <= i.indnkeyatts;
    IF key IS NULL THEN
        RAISE 'table % has no primary key', history_enable_inner.relation
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'A row''s history is found by its key.',
                HINT = 'Add one, such as ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY.';
    END IF;
    SELECT n INTO unknown FROM unnest(coalesce(exclude, '{}') || coalesce(hash, '{}')) n
    WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = history_enable_inner.relation AND a.attname = n
                      AND a.attnum > 0 AND NOT a.attisdropped);
    IF FOUND THEN
        RAISE 'column "%" of table % does not exist', unknown, history_enable_inner.relation
            USING ERRCODE = 'undefined_column';
    END IF;
    SELECT a.attname INTO unknown FROM pg_attribute a WHERE a.attrelid = history_enable_inner.relation
        AND a.attname = ANY (coalesce(exclude, '{}') || coalesce(hash, '{}')) AND a.attnum = ANY (key);
    IF FOUND THEN
        RAISE 'column "%" is part of the key', unknown USING ERRCODE = 'invalid_parameter_value',
            HINT = 'The key says which row a change is about and is always kept.';
    END IF;

    LOCK TABLE quiver.history_table IN SHARE ROW EXCLUSIVE MODE;
    PERFORM quiver.history_tables_exist();
    SELECT coalesce(max(t.id), 0) + 1 INTO number FROM quiver.history_table t;
    store := format('%s_%s', rtrim(convert_from(substring(convert_to(short, 'UTF8') FOR 40), 'UTF8')), number);
    EXECUTE format('CREATE TABLE quiver_history.%I (at timestamptz NOT NULL, transaction bigint NOT NULL, '
        'statement int NOT NULL, ordinal int NOT NULL, op "char" NOT NULL, key text[] NOT NULL, moved text[], '
        'columns int[], before text[], after text[]) PARTITION BY RANGE (at)', store);
    EXECUTE format('CREATE INDEX ON quiver_history.%I (key)', store);
    EXECUTE format('CREATE TABLE quiver_history.%I PARTITION OF quiver_history.%I DEFAULT', store || '_rest', store);
    INSERT INTO quiver.history_table (id, relation, name, store, key, excluded, hashed, retain, partition_days)
    VALUES (number, history_enable_inner.relation, history_enable_inner.relation::text,
        format('quiver_history.%I', store)::regclass, key,
        ARRAY(SELECT a.attnum::int FROM pg_attribute a WHERE a.attrelid = history_enable_inner.relation
              AND a.attname = ANY (exclude)),
        ARRAY(SELECT a.attnum::int FROM pg_attribute a WHERE a.attrelid = history_enable_inner.relation
              AND a.attname = ANY (hash)), retain, partition_days);
    IF cardinality(hash) > 0 THEN
        INSERT INTO quiver_history.salt VALUES (number, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
    END IF;
    PERFORM quiver.history_partitions(number), quiver.history_triggers(history_enable_inner.relation),
        quiver.history_refresh(history_enable_inner.relation);
    PERFORM quiver.history_plan(history_enable_inner.relation);
    RETURN format('quiver_history.%I', store)::regclass;
END $$;
COMMENT ON FUNCTION quiver.history_enable_inner(regclass, name[], name[], interval, int) IS
    'what quiver.history_enable() does once the caller is known to own the table';

CREATE FUNCTION quiver.history_enable(relation regclass, exclude name[] DEFAULT '{}', hash name[] DEFAULT '{}',
        retain interval DEFAULT NULL, partition_days int DEFAULT 30) RETURNS regclass
    AS 'MODULE_PATHNAME', 'quiver_history_by_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.history_enable(regclass, name[], name[], interval, int) IS
    'keeps each change of a table''s rows from now on; returns the table that they go to';

CREATE FUNCTION quiver.history_disable_inner(relation regclass, drop boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    h quiver.history_table;
    part regclass;
    name text;
BEGIN
    -- Before the row's lock, which a transaction that has enabled a history may come to wait for.
    LOCK TABLE quiver.history_table IN ROW EXCLUSIVE MODE;
    SELECT t.* INTO h FROM quiver.history_table t WHERE t.relation = history_disable_inner.relation FOR UPDATE;
    IF NOT FOUND THEN
        RAISE 'table % has no history', history_disable_inner.relation
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    FOR part, name IN
        SELECT g.tgrelid, g.tgname FROM pg_trigger g
        WHERE g.tgfoid = 'quiver.history_trigger()'::regprocedure AND g.tgrelid IN
            (SELECT t.relid FROM pg_partition_tree(history_disable_inner.relation) t
             UNION SELECT history_disable_inner.relation)
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', name, part);
    END LOOP;
    UPDATE quiver.history_table t SET relation = NULL WHERE t.id = h.id;
    PERFORM quiver.history_refresh(history_disable_inner.relation);
    IF history_disable_inner.drop THEN
        EXECUTE format('DROP TABLE %s', h.store);
        DELETE FROM quiver.history_table t WHERE t.id = h.id;
        DELETE FROM quiver.history_column c WHERE c.history = h.id;
        DELETE FROM quiver_history.salt s WHERE s.history = h.id;
    END IF;
END $$;
COMMENT ON FUNCTION quiver.history_disable_inner(regclass, boolean) IS
    'what quiver.history_disable() does once the caller is known to own the table';

CREATE FUNCTION quiver.history_disable(relation regclass, drop boolean DEFAULT false) RETURNS void
    AS 'MODULE_PATHNAME', 'quiver_history_by_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.history_disable(regclass, boolean) IS
    'keeps no more changes of a table; what was kept stays, or is dropped';

CREATE FUNCTION quiver.history_maintain() RETURNS TABLE (history int, name text, action text)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    number int;
    h quiver.history_table;
    part regclass;
    until timestamptz;
    oldest timestamptz;
BEGIN
    LOCK TABLE quiver.history_table IN ROW EXCLUSIVE MODE; -- as history_disable_inner()
    FOR number IN SELECT t.id FROM quiver.history_table t ORDER BY t.id LOOP
        -- Another session may have disabled it meanwhile; from here on it waits.
        SELECT t.* INTO h FROM quiver.history_table t WHERE t.id = number FOR UPDATE;
        CONTINUE WHEN NOT FOUND;
        IF h.relation IS NOT NULL AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = h.relation) THEN
            UPDATE quiver.history_table t SET relation = NULL WHERE t.id = h.id;
            h.relation := NULL;
            RETURN QUERY SELECT h.id, h.name, 'the table is gone';
        END IF;
        IF h.relation IS NOT NULL THEN
            PERFORM quiver.history_partitions(h.id), quiver.history_triggers(h.relation),
                quiver.history_plan(h.relation);
        END IF;
        FOR part, until IN
            SELECT c.oid, (to_date(substring(c.relname FROM '_(\d{8})$'), 'YYYYMMDD') + h.partition_days)::timestamp
                AT TIME ZONE 'UTC'
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = h.store AND c.relname ~ '_\d{8}$'
        LOOP
            CONTINUE WHEN h.retain IS NULL OR until > clock_timestamp() - h.retain;
            EXECUTE format('DROP TABLE %s', part);
            UPDATE quiver.history_table t SET kept_since = greatest(t.kept_since, until) WHERE t.id = h.id;
            RETURN QUERY SELECT h.id, h.name, format('dropped what was before %s', until);
        END LOOP;
    END LOOP;
    SELECT min(t.kept_since) INTO oldest FROM quiver.history_table t;
    IF to_regclass('quiver_history.transactions') IS NOT NULL THEN
        DELETE FROM quiver_history.transactions t WHERE t.committed_at < oldest;
    END IF;
END $$;
COMMENT ON FUNCTION quiver.history_maintain() IS
    'makes partitions to come and triggers of new partitions, drops what is past retention; to be run daily';

CREATE FUNCTION quiver.history_status()
    RETURNS TABLE (name text, relation regclass, store regclass, enabled_at timestamptz, kept_since timestamptz,
        retain interval, is_complete boolean, bytes bigint)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT h.name, h.relation, h.store, h.enabled_at, h.kept_since, h.retain,
        h.relation IS NOT NULL AND NOT EXISTS (
            SELECT FROM (SELECT t.relid FROM pg_partition_tree(h.relation) t UNION SELECT h.relation) p
            WHERE 4 <> (SELECT count(*) FROM pg_trigger g
                        WHERE g.tgrelid = p.relid AND g.tgfoid = 'quiver.history_trigger()'::regprocedure
                        AND g.tgenabled = 'A')),
        (SELECT sum(pg_total_relation_size(t.relid))::bigint FROM pg_partition_tree(h.store) t)
    FROM quiver.history_table h ORDER BY h.id
$$;
COMMENT ON FUNCTION quiver.history_status() IS
    'tables with history; is_complete is false where a trigger was dropped, disabled or is not made yet';

CREATE FUNCTION quiver.history_grant_reader_inner(relation regclass, reader regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    store regclass;
BEGIN
    SELECT t.store INTO store FROM quiver.history_table t WHERE t.relation = history_grant_reader_inner.relation;
    IF NOT FOUND THEN
        RAISE 'table % has no history', history_grant_reader_inner.relation
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Call quiver.history_enable() for it.';
    END IF;
    EXECUTE format('GRANT SELECT ON %s TO %s', store, reader);
END $$;
COMMENT ON FUNCTION quiver.history_grant_reader_inner(regclass, regrole) IS
    'what quiver.history_grant_reader() does once the caller is known to own the table';

CREATE FUNCTION quiver.history_grant_reader(relation regclass, reader regrole) RETURNS void
    AS 'MODULE_PATHNAME', 'quiver_history_by_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.history_grant_reader(regclass, regrole) IS
    'lets a role read all of a table''s history, also what row security or column grants hide in the table';

REVOKE ALL ON FUNCTION quiver.history_tables_exist(), quiver.history_partitions(int), quiver.history_triggers(regclass),
    quiver.history_enable_inner(regclass, name[], name[], interval, int), quiver.history_maintain(),
    quiver.history_disable_inner(regclass, boolean), quiver.history_grant_reader_inner(regclass, regrole) FROM PUBLIC;
