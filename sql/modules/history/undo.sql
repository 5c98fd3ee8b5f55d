-- Taking back what one transaction did, in all tables with history.
CREATE FUNCTION quiver.history_moment_of(transaction bigint, OUT number bigint, OUT earliest timestamptz)
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    -- Changes lie in partitions by their time; a day covers a clock that was set back.
    IF to_regclass('quiver_history.transactions') IS NOT NULL THEN
        SELECT t.number, least(t.began_at, t.committed_at) - interval '1 day' INTO number, earliest
        FROM quiver_history.transactions t WHERE t.id = history_moment_of.transaction;
    END IF;
    IF number IS NULL THEN
        RAISE 'the history has no transaction %', history_moment_of.transaction USING ERRCODE = 'no_data_found',
            HINT = 'quiver.history_timeline() and quiver.history_changes() name transactions. Retention removes some.';
    END IF;
END $$;
COMMENT ON FUNCTION quiver.history_moment_of(bigint) IS
    'the number of a transaction''s commit, and the time before which none of its changes lie';

CREATE FUNCTION quiver.history_tables_of(transaction bigint) RETURNS SETOF regclass
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    h record;
    earliest timestamptz := (quiver.history_moment_of(transaction)).earliest;
    has_changes boolean;
BEGIN
    FOR h IN SELECT t.relation, format('%I.%I', n.nspname, s.relname) AS store
        FROM quiver.history_table t JOIN pg_class c ON c.oid = t.relation
        JOIN pg_class s ON s.oid = t.store JOIN pg_namespace n ON n.oid = s.relnamespace
        ORDER BY t.relation::oid
    LOOP
        BEGIN
            EXECUTE format('SELECT EXISTS (SELECT FROM %s c WHERE c.transaction = $1 AND c.at >= $2)', h.store)
            INTO has_changes USING transaction, earliest;
        EXCEPTION WHEN undefined_table THEN
            -- Another session has just disabled this history.
            CONTINUE;
        END;
        IF has_changes THEN
            RETURN NEXT h.relation;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.history_tables_of(bigint) IS 'the tables with history that a transaction changed';

CREATE FUNCTION quiver.history_since_inner(relation regclass, transaction bigint)
    RETURNS TABLE (mine boolean, statement int, ordinal int, op text, key_ text[], columns int[], before text[])
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    h quiver.history_table;
    moment record;
BEGIN
    SELECT t.* INTO STRICT h FROM quiver.history_table t WHERE t.relation = history_since_inner.relation;
    moment := quiver.history_moment_of(transaction);
    RETURN QUERY EXECUTE format(
        'WITH keys AS (SELECT DISTINCT c.key FROM %1$s c WHERE c.transaction = $1 AND c.at >= $2) '
        'SELECT c.transaction = $1, c.statement, c.ordinal, c.op::text, c.key, c.columns, c.before '
        'FROM keys JOIN %1$s c ON c.key = keys.key LEFT JOIN quiver_history.transactions t ON t.id = c.transaction '
        'WHERE c.at >= $2 AND (c.transaction = $1 OR t.number IS NULL OR t.number > $3)', h.store)
    USING transaction, moment.earliest, moment.number;
END $$;
COMMENT ON FUNCTION quiver.history_since_inner(regclass, bigint) IS
    'what quiver.history_since() reads once the caller is known to be allowed to';

CREATE FUNCTION quiver.history_since(relation regclass, transaction bigint)
    RETURNS TABLE (mine boolean, statement int, ordinal int, op text, key_ text[], columns int[], before text[])
    AS 'MODULE_PATHNAME', 'quiver_history_by_reader' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1000;
COMMENT ON FUNCTION quiver.history_since(regclass, bigint) IS
    'a transaction''s changes of a table, and later ones of the same rows';

-- The query of what takes back transaction $1 in a table: its changes, each with what becomes of the row in all. A row
-- that it updated gets back the columns that it changed and keeps what later transactions made of the others; a later
-- change of the same columns is a conflict. `whole`: the row went and came, and is put back by one update.
CREATE FUNCTION quiver.history_undo_query(relation regclass) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    h quiver.history_table;
    present text;
    hidden text[];
BEGIN
    SELECT t.* INTO STRICT h FROM quiver.history_table t WHERE t.relation = history_undo_query.relation;
    SELECT format('ARRAY[%s]', string_agg(format('quiver.history_text(t.%I)', n.name), ', '
        ORDER BY array_position(h.key, n.id)))
    INTO present FROM quiver.history_columns_now(h.id) n WHERE n.id = ANY (h.key);
    SELECT coalesce(array_agg(n.name::text), '{}') INTO hidden
    FROM quiver.history_columns_now(h.id) n WHERE n.id = ANY (h.excluded || h.hashed);
    RETURN format('(WITH known AS MATERIALIZED (SELECT s.mine, s.statement, s.ordinal, s.op, s.key_, f.c, f.v '
        'FROM quiver.history_since(%1$L::regclass, $1) s, LATERAL (SELECT array_agg(u.c) AS c, array_agg(u.v) AS v '
        'FROM unnest(s.columns, s.before) u (c, v) WHERE u.c <> ALL (%4$L::int[])) f), '
        'mine AS (SELECT k.*, bool_or(k.op <> ''U'') OVER (PARTITION BY k.key_ ORDER BY k.statement, k.ordinal '
        'ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS is_past, row_number() OVER (PARTITION BY k.key_ '
        'ORDER BY k.statement DESC, k.ordinal DESC) = 1 AS is_last FROM known k WHERE k.mine), '
        'net AS (SELECT m.key_, (array_agg(m.op ORDER BY m.statement, m.ordinal))[1] <> ''I'' AS was_there, '
        'bool_or(m.is_last AND m.op IN (''I'', ''U'')) AS was_left, bool_or(m.op <> ''U'') AS anew '
        'FROM mine m GROUP BY m.key_), '
        'cells AS (SELECT DISTINCT ON (m.key_, u.c) m.key_, u.c, u.v FROM mine m, unnest(m.c, m.v) u (c, v) '
        'WHERE m.op <> ''I'' AND m.is_past IS NOT TRUE ORDER BY m.key_, u.c, m.statement, m.ordinal), '
        'images AS (SELECT s.key_, array_agg(s.c) AS c, array_agg(s.v) AS v FROM cells s GROUP BY s.key_), '
        'later AS (SELECT k.key_, bool_or(k.op <> ''U'') AS anew, array_agg(u.c) AS c FROM known k '
        'LEFT JOIN unnest(k.c) u (c) ON true WHERE NOT k.mine GROUP BY k.key_), '
        'rows_now AS (SELECT n.*, i.c, i.v, l.key_ IS NOT NULL AS is_later, l.anew AS later_anew, l.c AS later_c, '
        't AS now, CASE WHEN n.was_there THEN quiver.history_patch(CASE WHEN n.anew THEN NULL::%1$s ELSE t END, '
        '%3$L::int[] || i.c, n.key_ || i.v) END AS was '
        'FROM net n LEFT JOIN images i ON i.key_ = n.key_ LEFT JOIN later l ON l.key_ = n.key_ '
        'LEFT JOIN %1$s t ON %2$s = n.key_ OFFSET 0), '
        'decided AS (SELECT r.key_, r.anew, r.c, r.v, '
        'CASE WHEN NOT r.was_there AND (NOT r.was_left OR r.now IS NULL) THEN NULL '
        'WHEN NOT r.was_there THEN CASE WHEN r.is_later THEN ''conflict'' ELSE ''delete'' END '
        'WHEN NOT r.was_left THEN CASE WHEN r.now IS NULL THEN ''insert'' ELSE ''conflict'' END '
        'WHEN r.now IS NULL OR r.later_anew OR (r.anew AND r.is_later) OR r.later_c && r.c THEN ''conflict'' '
        'WHEN to_jsonb(r.now) - %5$L::text[] <> to_jsonb(r.was) - %5$L::text[] THEN ''update'' END AS action, '
        'to_jsonb(r.now) AS now, to_jsonb(r.was) AS was FROM rows_now r) '
        'SELECT %1$L::regclass AS relation, m.statement, m.ordinal, m.op, m.key_, m.is_last, d.action, '
        'd.anew AND d.action = ''update'' AS whole, '
        'CASE WHEN d.anew AND d.action = ''update'' THEN d.c ELSE m.c END AS c, '
        'CASE WHEN d.anew AND d.action = ''update'' THEN d.v ELSE m.v END AS v, d.now, d.was '
        'FROM mine m JOIN decided d ON d.key_ = m.key_ WHERE d.action IS NOT NULL)',
        relation, present, h.key, h.hashed, hidden);
END $$;
COMMENT ON FUNCTION quiver.history_undo_query(regclass) IS 'the query of what takes back a transaction in a table';

CREATE FUNCTION quiver.history_undo_change(relation regclass, op text, key text[], columns int[], vals text[],
        whole boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    h quiver.history_table;
    same text;
    list text;
    fields text;
    touched bigint;
BEGIN
    SELECT t.* INTO STRICT h FROM quiver.history_table t WHERE t.relation = history_undo_change.relation;
    SELECT string_agg(format('t.%1$I = (k.r).%1$I', n.name), ' AND ') INTO same
    FROM quiver.history_columns_now(h.id) n WHERE n.id = ANY (h.key);
    SELECT string_agg(format('%I', n.name), ', '), string_agg(format('(p.r).%I', n.name), ', ') INTO list, fields
    FROM quiver.history_columns_now(h.id) n
    JOIN pg_attribute a ON a.attrelid = history_undo_change.relation AND a.attname = n.name AND a.attgenerated = ''
        AND NOT a.attisdropped
    WHERE NOT n.dropped AND n.id <> ALL (h.excluded || h.hashed)
        AND CASE WHEN op = 'U' OR whole THEN n.id <> ALL (h.key) AND (whole OR n.id = ANY (columns)) ELSE true END;
    IF op = 'U' OR whole THEN
        IF list IS NULL THEN
            RETURN;
        END IF;
        EXECUTE format('UPDATE %1$s t SET (%2$s) = (SELECT %3$s FROM (SELECT quiver.history_patch('
            'CASE WHEN $5 THEN NULL::%1$s ELSE t END, $3, $4) AS r OFFSET 0) p) '
            'FROM (SELECT quiver.history_patch(NULL::%1$s, $1, $2) AS r OFFSET 0) k WHERE %4$s',
            relation, list, fields, same)
        USING h.key, key, h.key || columns, key || vals, whole;
    ELSIF op = 'I' THEN
        EXECUTE format('DELETE FROM %1$s t '
            'USING (SELECT quiver.history_patch(NULL::%1$s, $1, $2) AS r OFFSET 0) k WHERE %2$s', relation, same)
        USING h.key, key;
        RETURN;  -- a foreign key that cascades may have been there before
    ELSE
        EXECUTE format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %3$s '
            'FROM (SELECT quiver.history_patch(NULL::%1$s, $1, $2) AS r OFFSET 0) p', relation, list, fields)
        USING h.key || columns, key || vals;
    END IF;
    GET DIAGNOSTICS touched = ROW_COUNT;
    IF touched <> 1 THEN
        RAISE 'row % of table % could not be reverted', key, relation
            USING ERRCODE = 'triggered_action_exception', DETAIL = 'A trigger or a foreign key has kept it from that.';
    END IF;
END $$;
COMMENT ON FUNCTION quiver.history_undo_change(regclass, text, text[], int[], text[], boolean) IS
    'takes back one change of one row, with the caller''s rights';

CREATE FUNCTION quiver.history_revert_transaction(transaction bigint, dry_run boolean DEFAULT true)
    RETURNS TABLE (relation regclass, action text, row_key text[], now jsonb, was jsonb)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    tables regclass[];
    restricted regclass;
    query text;
    conflicts bigint;
    r record;
BEGIN
    IF transaction IS NULL OR dry_run IS NULL THEN
        RAISE 'transaction and dry_run must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    tables := ARRAY(SELECT quiver.history_tables_of(transaction));
    IF tables = '{}' THEN
        RETURN;
    END IF;
    SELECT t INTO restricted FROM unnest(tables) t WHERE row_security_active(t) LIMIT 1;
    IF restricted IS NOT NULL THEN
        RAISE 'row security restricts what this role sees of table %', restricted
            USING ERRCODE = 'insufficient_privilege', HINT = 'Who reverts a transaction must see all its rows.';
    END IF;
    IF NOT dry_run THEN
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', array_to_string(tables, ', '));
    END IF;
    SELECT string_agg(quiver.history_undo_query(t), ' UNION ALL ') INTO query FROM unnest(tables) t;
    IF NOT dry_run THEN
        EXECUTE format('SELECT count(*) FROM (%s) q WHERE q.action = ''conflict'' AND q.is_last', query)
        INTO conflicts USING transaction;
        IF conflicts > 0 THEN
            RAISE 'of the rows of transaction %, % were changed again', transaction, conflicts
                USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'Nothing was reverted.',
                    HINT = 'A dry run shows them with the action "conflict". Revert the later transactions first.';
        END IF;
    END IF;
    -- The last change first, so that rows pass through states that they have been in, as foreign keys want it.
    FOR r IN EXECUTE format('SELECT * FROM (%s) q ORDER BY q.statement DESC, q.ordinal DESC, q.key_', query)
        USING transaction
    LOOP
        IF NOT dry_run AND (NOT r.whole OR r.is_last) THEN
            PERFORM quiver.history_undo_change(r.relation, r.op, r.key_, r.c, r.v, r.whole);
        END IF;
        CONTINUE WHEN NOT r.is_last;
        relation := r.relation;
        action := r.action;
        row_key := r.key_;
        now := r.now;
        was := r.was;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.history_revert_transaction(bigint, boolean) IS
    'what undoes what a transaction did to tables with history; done, with the caller''s rights, if not dry_run';

REVOKE ALL ON FUNCTION quiver.history_since_inner(regclass, bigint) FROM PUBLIC;
