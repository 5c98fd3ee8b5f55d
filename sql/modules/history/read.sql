-- Reading row history: changes, a row's timeline, a table as it was; going back; forgetting a person.
CREATE FUNCTION quiver.history_changes_inner(relation regclass, since timestamptz, key text[])
    RETURNS TABLE (number bigint, statement int, ordinal int, op text, key_ text[], moved text[], columns int[],
        before text[], after text[], transaction bigint, at timestamptz, committed_at timestamptz)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    h quiver.history_table;
    cut bigint;
    begun timestamptz;
BEGIN
    SELECT t.* INTO STRICT h FROM quiver.history_table t WHERE t.relation = history_changes_inner.relation;
    IF since < h.kept_since THEN
        RAISE 'the history of table % is not kept since %', history_changes_inner.relation, since
            USING ERRCODE = 'invalid_parameter_value', DETAIL = format('It is kept since %s.', h.kept_since);
    END IF;
    -- A cut by number: where a clock was set back, no later transaction counts as an earlier one.
    SELECT max(t.number) INTO cut FROM quiver_history.transactions t WHERE t.committed_at <= since;
    SELECT min(t.began_at) INTO begun FROM quiver_history.transactions t
    WHERE t.number > coalesce(cut, 0) AND t.committed_at >= since - interval '1 day';
    RETURN QUERY EXECUTE format(
        'SELECT coalesce(t.number, %s), c.statement, c.ordinal, c.op::text, c.key, c.moved, c.columns, c.before, '
        'c.after, c.transaction, c.at, t.committed_at '
        'FROM %s c LEFT JOIN quiver_history.transactions t ON t.id = c.transaction '
        'WHERE (t.number IS NULL OR t.number > $1) AND ($2 IS NULL OR c.at >= $2) AND ($3 IS NULL OR c.key = $3)',
        9223372036854775807, h.store)
    USING coalesce(cut, 0), CASE WHEN since IS NOT NULL THEN least(begun, since, now()) END, key;
END $$;
COMMENT ON FUNCTION quiver.history_changes_inner(regclass, timestamptz, text[]) IS
    'what quiver.history_changes() reads once the caller is known to be allowed to';

CREATE FUNCTION quiver.history_changes(relation regclass, since timestamptz DEFAULT NULL, key text[] DEFAULT NULL)
    RETURNS TABLE (number bigint, statement int, ordinal int, op text, key_ text[], moved text[], columns int[],
        before text[], after text[], transaction bigint, at timestamptz, committed_at timestamptz)
    AS 'MODULE_PATHNAME', 'quiver_history_by_reader' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1000;
COMMENT ON FUNCTION quiver.history_changes(regclass, timestamptz, text[]) IS
    'changes of transactions that committed after a moment, as they are kept; columns by number (quiver.history_column)';

CREATE FUNCTION quiver.history_timeline_inner(relation regclass, key text[])
    RETURNS TABLE (committed_at timestamptz, transaction bigint, op text, changed jsonb, moved text[], role text,
        session_user_name text, application text, client text, context text, xid bigint, session text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    h quiver.history_table;
BEGIN
    SELECT t.* INTO STRICT h FROM quiver.history_table t WHERE t.relation = history_timeline_inner.relation;
    RETURN QUERY EXECUTE format(
        'SELECT t.committed_at, c.transaction, c.op::text, (SELECT jsonb_object_agg(coalesce(n.name, ''#'' || u.id), '
        'CASE c.op WHEN ''I'' THEN jsonb_build_array(u.after) WHEN ''U'' THEN jsonb_build_array(u.before, u.after) '
        'ELSE jsonb_build_array(u.before) END) FROM unnest(c.columns, c.before, c.after) u (id, before, after) '
        'LEFT JOIN quiver.history_columns_now($1) n ON n.id = u.id), c.moved, t.role, t.session_user_name, '
        't.application, t.client, t.context, t.xid, t.session '
        'FROM %s c LEFT JOIN quiver_history.transactions t ON t.id = c.transaction '
        'WHERE c.key = $2 ORDER BY t.number NULLS LAST, c.statement, c.ordinal', h.store) USING h.id, key;
END $$;
COMMENT ON FUNCTION quiver.history_timeline_inner(regclass, text[]) IS
    'what quiver.history_timeline() reads once the caller is known to be allowed to';

CREATE FUNCTION quiver.history_timeline(relation regclass, key text[])
    RETURNS TABLE (committed_at timestamptz, transaction bigint, op text, changed jsonb, moved text[], role text,
        session_user_name text, application text, client text, context text, xid bigint, session text)
    AS 'MODULE_PATHNAME', 'quiver_history_by_reader' LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION quiver.history_timeline(regclass, text[]) IS
    'all changes of the row with this key, oldest first: columns as [after], [before, after] or [before]';

CREATE FUNCTION quiver.history_patch(base anyelement, columns int[], vals text[]) RETURNS anyelement
    AS 'MODULE_PATHNAME', 'quiver_history_patch' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.history_patch(anyelement, int[], text[]) IS
    'a row with some columns, by their numbers in its table''s history, as this text says';

CREATE FUNCTION quiver.history_text(value anyelement) RETURNS text
    AS 'MODULE_PATHNAME', 'quiver_history_text' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.history_text(anyelement) IS
    'a value as history keeps it: as its type writes it, whatever the session''s settings';

-- The query of a table's touched rows at a moment ($1), with $2 a key or NULL: key, existed, columns, now, was (the row
-- then). A delete has the whole row but its NULLs, so what came after it says nothing about the row then.
CREATE FUNCTION quiver.history_then(relation regclass, OUT touched text, OUT untouched text)
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    h quiver.history_table;
    names name[];
    present text;
BEGIN
    SELECT t.* INTO h FROM quiver.history_table t WHERE t.relation = history_then.relation;
    IF NOT FOUND THEN
        RAISE 'table % has no history', history_then.relation USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Call quiver.history_enable() for it.';
    END IF;
    SELECT array_agg(n.name ORDER BY array_position(h.key, n.id)) INTO names
    FROM quiver.history_columns_now(h.id) n WHERE n.id = ANY (h.key);
    SELECT format('ARRAY[%s]', string_agg(format('quiver.history_text(t.%I)', n), ', ' ORDER BY place)) INTO present
    FROM unnest(names) WITH ORDINALITY k (n, place);
    touched := format('WITH later AS MATERIALIZED (SELECT *, bool_or(op <> ''U'') OVER (PARTITION BY key_ '
        'ORDER BY number, statement, ordinal ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS is_past '
        'FROM quiver.history_changes(%1$L::regclass, $1, $2)), '
        'touched AS (SELECT l.key_, (array_agg(l.op ORDER BY l.number, l.statement, l.ordinal))[1] <> ''I'' '
        'AS existed, bool_or(l.op <> ''U'') AS anew FROM later l GROUP BY l.key_), '
        'cells AS (SELECT DISTINCT ON (l.key_, u.c) l.key_, u.c, u.v '
        'FROM later l, unnest(l.columns, l.before) u (c, v) WHERE l.op <> ''I'' AND l.is_past IS NOT TRUE '
        'ORDER BY l.key_, u.c, l.number, l.statement, l.ordinal), '
        'images AS (SELECT s.key_, array_agg(s.c) AS c, array_agg(s.v) AS v FROM cells s GROUP BY s.key_), '
        'rows_then AS (SELECT a.key_, a.existed, i.c AS columns, t AS now, a.anew, i.v AS texts '
        'FROM touched a LEFT JOIN images i ON i.key_ = a.key_ LEFT JOIN %1$s t ON %2$s = a.key_) '
        'SELECT r.key_, r.existed, r.columns, r.now, CASE WHEN r.existed THEN quiver.history_patch('
        'CASE WHEN r.anew THEN NULL::%1$s ELSE r.now END, %3$L::int[] || r.columns, r.key_ || r.texts) END AS was '
        'FROM rows_then r OFFSET 0', relation, present, h.key);
    untouched := format('SELECT %s AS r FROM %s t WHERE NOT EXISTS ('
        'SELECT FROM quiver.history_changes(%L::regclass, $1) l WHERE l.key_ = %s) OFFSET 0',
        CASE WHEN h.excluded || h.hashed = '{}' THEN 't' ELSE 'quiver.history_patch(t, NULL, NULL)' END,
        relation, relation, present);
END $$;
COMMENT ON FUNCTION quiver.history_then(regclass) IS 'the queries of a table''s rows at an earlier moment';

CREATE FUNCTION quiver.history_at("table" anyelement, moment timestamptz) RETURNS SETOF anyelement
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    relation regclass;
    query record;
BEGIN
    SELECT t.typrelid INTO relation FROM pg_type t WHERE t.oid = pg_typeof("table") AND t.typrelid <> 0;
    IF relation IS NULL THEN
        RAISE 'a row of a table is expected, not a value of type %', pg_typeof("table")
            USING ERRCODE = 'datatype_mismatch', HINT = 'Write quiver.history_at(NULL::schema.table, moment).';
    END IF;
    IF moment IS NULL THEN
        RAISE 'the moment must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    query := quiver.history_then(relation);
    RETURN QUERY EXECUTE format('SELECT (x.was).* FROM (%s) x WHERE x.existed', query.touched)
        USING moment, NULL::text[];
    RETURN QUERY EXECUTE format('SELECT (x.r).* FROM (%s) x', query.untouched) USING moment;
END $$;
COMMENT ON FUNCTION quiver.history_at(anyelement, timestamptz) IS
    'a table''s rows as they were: FROM quiver.history_at(NULL::schema.table, moment)';

CREATE FUNCTION quiver.history_revert(relation regclass, moment timestamptz, key text[] DEFAULT NULL,
        dry_run boolean DEFAULT true)
    RETURNS TABLE (action text, row_key text[], now jsonb, was jsonb)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    h quiver.history_table;
    query record;
    same text;
    r record;
    list text;
    fields text;
BEGIN
    IF relation IS NULL OR moment IS NULL OR dry_run IS NULL THEN
        RAISE 'table, moment and dry_run must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    query := quiver.history_then(relation);
    SELECT t.* INTO h FROM quiver.history_table t WHERE t.relation = history_revert.relation;
    IF NOT dry_run THEN
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
    END IF;
    SELECT string_agg(format('t.%1$I = ($1).%1$I', n.name), ' AND ') INTO same
    FROM quiver.history_columns_now(h.id) n WHERE n.id = ANY (h.key);
    FOR r IN EXECUTE format('SELECT CASE WHEN x.existed AND x.now IS NULL THEN ''insert'' '
        'WHEN NOT x.existed AND NOT (x.now IS NULL) THEN ''delete'' '
        'WHEN x.existed AND to_jsonb(x.now) - $3 <> to_jsonb(x.was) - $3 THEN ''update'' END AS action, x.* '
        'FROM (%s) x ORDER BY 1', query.touched) USING moment, key,
        ARRAY(SELECT n.name::text FROM quiver.history_columns_now(h.id) n WHERE n.id = ANY (h.excluded || h.hashed))
    LOOP
        CONTINUE WHEN r.action IS NULL;
        IF NOT dry_run AND r.action = 'delete' THEN
            EXECUTE format('DELETE FROM %s t WHERE %s', relation, same) USING r.now;
        ELSIF NOT dry_run THEN
            SELECT string_agg(format('%I', n.name), ', '), string_agg(format('($1).%I', n.name), ', ') INTO list, fields
            FROM quiver.history_columns_now(h.id) n
            JOIN pg_attribute a ON a.attrelid = relation AND a.attname = n.name AND a.attgenerated = ''
            WHERE NOT n.dropped AND n.id <> ALL (h.excluded || h.hashed)
                AND (r.action = 'insert' OR n.id <> ALL (h.key));
            IF r.action = 'insert' THEN
                EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s', relation, list, fields)
                    USING r.was;
            ELSE
                EXECUTE format('UPDATE %s t SET (%s) = ROW(%s) WHERE %s', relation, list, fields, same) USING r.was;
            END IF;
        END IF;
        action := r.action;
        row_key := r.key_;
        now := to_jsonb(r.now);
        was := to_jsonb(r.was);
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.history_revert(regclass, timestamptz, text[], boolean) IS
    'what takes a table, or one row, back to a moment; done, with the caller''s rights, if dry_run is false';

CREATE FUNCTION quiver.history_erase_inner(relation regclass, key text[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    h quiver.history_table;
    touched bigint;
BEGIN
    SELECT t.* INTO h FROM quiver.history_table t WHERE t.relation = history_erase_inner.relation;
    IF NOT FOUND THEN
        RAISE 'table % has no history', history_erase_inner.relation
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Call quiver.history_enable() for it.';
    END IF;
    EXECUTE format('WITH RECURSIVE names AS (SELECT $1 AS key UNION '
        'SELECT c.moved FROM %1$s c JOIN names n ON c.key = n.key WHERE c.moved IS NOT NULL) '
        'UPDATE %1$s c SET before = CASE WHEN c.before IS NOT NULL THEN '
        'array_fill(NULL::text, ARRAY[cardinality(c.before)]) END, after = CASE WHEN c.after IS NOT NULL THEN '
        'array_fill(NULL::text, ARRAY[cardinality(c.after)]) END FROM names n WHERE c.key = n.key', h.store) USING key;
    GET DIAGNOSTICS touched = ROW_COUNT;
    RETURN touched;
END $$;
COMMENT ON FUNCTION quiver.history_erase_inner(regclass, text[]) IS
    'what quiver.history_erase() does once the caller is known to own the table';

CREATE FUNCTION quiver.history_erase(relation regclass, key text[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'quiver_history_by_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.history_erase(regclass, text[]) IS
    'blanks all earlier values of a row, under each key it had; returns how many changes were blanked';

REVOKE ALL ON FUNCTION quiver.history_changes_inner(regclass, timestamptz, text[]),
    quiver.history_timeline_inner(regclass, text[]), quiver.history_erase_inner(regclass, text[]) FROM PUBLIC;
