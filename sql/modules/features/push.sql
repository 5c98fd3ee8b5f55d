-- Push: rows into the history of a managed view and onto its online tables, in one transaction.
CREATE FUNCTION quiver.feature_view_of(name text, managed boolean DEFAULT NULL) RETURNS quiver.feature_view
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_view quiver.feature_view;
BEGIN
    PERFORM quiver.feature_version_of(name);
    SELECT * INTO found_view FROM quiver.feature_view v WHERE v.name = feature_view_of.name;
    IF feature_view_of.managed AND NOT found_view.managed THEN
        PERFORM quiver.feature_invalid(format('feature view "%s" is not managed', name),
            'Write to its source; managed => true makes a view that is pushed to.', '42809');
    END IF;
    RETURN found_view;
END $$;
COMMENT ON FUNCTION quiver.feature_view_of(text, boolean) IS
    'the feature view of that name (42704), managed if that is asked for (42809)';

-- The upsert into one online table from `rows`, one row a key. A row only ever gives way to a newer one.
CREATE FUNCTION quiver.feature_upsert_sql(of_version quiver.feature_view_version, rows text) RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    WITH columns AS (
        SELECT array_agg(quote_ident(c.name) ORDER BY c.part, c.n) AS every,
            array_agg(quote_ident(c.name) ORDER BY c.part, c.n) FILTER (WHERE c.part > 0) AS written
        FROM (SELECT 0 AS part, k.n, k.name FROM unnest(of_version.keys) WITH ORDINALITY AS k(name, n)
              UNION ALL SELECT 1, n, c FROM unnest('{event_ts,created_ts,ingest_id}'::text[]) WITH ORDINALITY AS u(c, n)
              UNION ALL SELECT 2, f.position, f.name FROM quiver.feature_column f
              WHERE (f.view, f.version) = (of_version.view, of_version.version) AND f.agg IS NULL) AS c
    )
    SELECT format('INSERT INTO %I.%I AS o (%s) SELECT %s FROM %s AS n%s ON CONFLICT (%s) DO UPDATE SET %s '
        'WHERE (o.event_ts, coalesce(o.created_ts, ''-infinity''), o.ingest_id) < '
        '(excluded.event_ts, coalesce(excluded.created_ts, ''-infinity''), excluded.ingest_id)',
        of_version.view_schema, of_version.online_table, array_to_string(every, ', '),
        (SELECT string_agg('n.' || c, ', ' ORDER BY n) FROM unnest(every) WITH ORDINALITY AS u(c, n)), rows,
        -- In the order of keys, so that two pushes wait for each other and do not deadlock.
        coalesce((SELECT ' ORDER BY ' || string_agg(format('n.%I', k), ', ' ORDER BY n)
            FROM unnest(of_version.keys) WITH ORDINALITY AS u(k, n)), ''),
        coalesce((SELECT string_agg(quote_ident(k), ', ') FROM unnest(of_version.keys) AS k), 'one_row'),
        (SELECT string_agg(format('%s = excluded.%s', c, c), ', ') FROM unnest(written) AS c))
    FROM columns
$$;
COMMENT ON FUNCTION quiver.feature_upsert_sql(quiver.feature_view_version, text) IS
    'the guarded upsert of the newest rows of each key into a version''s online table';

CREATE FUNCTION quiver.feature_refuse_rows(view text, rule text, failed bigint) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF failed > 0 THEN
        PERFORM quiver.feature_invalid(format('%s row(s) for feature view "%s" fail rule "%s"', failed, view, rule),
            'Nothing of the push was stored; correct the rows, or change the mode of the rule.', '23514');
    END IF;
    RETURN failed;
END $$;
COMMENT ON FUNCTION quiver.feature_refuse_rows(text, text, bigint) IS
    '0; rows that fail a blocking rule are refused (23514)';

-- The one statement of a push: `source` has the typed columns of the history.
CREATE FUNCTION quiver.feature_push_sql(view text, source text, given text[]) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    of_view quiver.feature_view := quiver.feature_view_of(view, true);
    active quiver.feature_view_version := quiver.feature_version_of(view);
    -- Without keys all rows are of one group.
    keys text := coalesce((SELECT string_agg(format('n.%I', k), ', ') FROM unnest(active.keys) AS k),
        'n.event_ts IS NULL');
    columns text := (SELECT string_agg(quote_ident(c), ', ') FROM unnest(given) AS c);
    failing text := (SELECT string_agg(format('CASE WHEN NOT %s(%s) THEN %L END', r.function,
        (SELECT string_agg(format('i.%I', a), ', ' ORDER BY n) FROM unnest(r.arguments) WITH ORDINALITY AS u(a, n)),
            r.name), ', ' ORDER BY r.name)
        FROM quiver.feature_rule r WHERE r.view = view);
    upserts text := '';
    counted text[] := '{}';
    delivery quiver.feature_delivery;
    version quiver.feature_view_version;
BEGIN
    SELECT * INTO delivery FROM quiver.feature_delivery d WHERE d.view = view;
    FOR version IN SELECT * FROM quiver.feature_view_version v WHERE v.view = view AND v.online_table IS NOT NULL
        ORDER BY v.version LOOP
        upserts := upserts || format(E',\nonline_%s AS (%s RETURNING 1)', version.version,
            quiver.feature_upsert_sql(version, 'newest'));
        counted := counted || format('(SELECT count(*) FROM online_%s)', version.version);
        upserts := upserts || coalesce((SELECT string_agg(format(E',\nwide_%s_%s AS (%s)', version.version, w.n,
            w.statement), '')
            FROM quiver.feature_wide_upserts(version.view, version.version, 'newest')
                WITH ORDINALITY AS w(service, version, place, statement, n)), '');
    END LOOP;
    RETURN format(E'WITH input AS MATERIALIZED (%s),\nchecked AS MATERIALIZED (SELECT i.*, %s AS failed FROM input AS '
        'i),\n'
        'good AS MATERIALIZED (SELECT * FROM checked AS c WHERE NOT c.failed && %L::text[]),\n'
        'stored AS (INSERT INTO %I.%I (%s) SELECT %s FROM good RETURNING *),\n'
        -- What lies in the future becomes an online value when its time has come: feature_materialize sees to it.
        'newest AS MATERIALIZED (SELECT DISTINCT ON (%s) n.* FROM stored AS n WHERE n.event_ts <= '
            'pg_catalog.clock_timestamp() '
        'ORDER BY %s, n.event_ts DESC, n.created_ts DESC, n.ingest_id DESC)',
        source, CASE WHEN failing IS NULL THEN '''{}''::text[]' ELSE format('array_remove(ARRAY[%s], NULL)', failing)
            END,
        ARRAY(SELECT r.name FROM quiver.feature_rule r WHERE r.view = view AND r.mode = 'quarantine'),
        of_view.history_schema, of_view.history_table, columns, columns,
        keys, keys)
        || upserts
        || CASE WHEN delivery.outbox THEN
            format(E',\nsent AS (INSERT INTO quiver.feature_outbox (view, payload) SELECT %L, to_jsonb(s) - '
                '''ingest_xid'' '
            'FROM stored AS s)', view) ELSE '' END
        || CASE WHEN failing IS NULL THEN ''
            ELSE format(E',\nkept AS (INSERT INTO quiver.feature_quarantine (view, rules, payload) '
            'SELECT %1$L, c.failed, to_jsonb(c) - ''failed'' FROM checked AS c WHERE c.failed && %2$L::text[]),\n'
            'failures AS (SELECT r.name, r.mode, count(*) AS failed FROM checked AS c, unnest(c.failed) AS f(name) '
            'JOIN quiver.feature_rule AS r ON r.view = %1$L AND r.name = f.name GROUP BY r.name, r.mode),\n'
            'noted AS (INSERT INTO quiver.feature_rule_result (view, rule, mode, rows, failed) '
            'SELECT %1$L, f.name, f.mode, (SELECT count(*) FROM checked), f.failed FROM failures AS f RETURNING '
            'CASE mode WHEN ''block'' THEN quiver.feature_refuse_rows(%1$L, rule, failed) ELSE failed END)',
            view, ARRAY(SELECT r.name FROM quiver.feature_rule r WHERE r.view = view AND r.mode = 'quarantine')) END
        || format(E'\nSELECT (SELECT count(*) FROM stored), %s, (SELECT count(*) FROM newest) * %s - (%s), '
            '(SELECT count(*) FROM checked) - (SELECT count(*) FROM good), (SELECT count(*) FROM good AS g WHERE '
                'g.failed <> ''{}'')',
            coalesce(array_to_string(counted, ' + '), '0'), cardinality(counted),
                coalesce(nullif(array_to_string(counted, ' + '), ''), '0'));
END $$;
COMMENT ON FUNCTION quiver.feature_push_sql(text, text, text[]) IS
    'the statement that stores pushed rows: history, rules, online tables, outbox';

CREATE TYPE quiver.feature_pushed AS (appended bigint, online bigint, late bigint, quarantined bigint, warned bigint);
COMMENT ON TYPE quiver.feature_pushed IS
    'of a push: rows added to the history, online rows changed, keys that had newer online rows, rows quarantined, '
    'rows with warnings';

-- Columns that rows for a view may have, and which of those given it lacks or does not know.
CREATE FUNCTION quiver.feature_check_pushed(view text, given text[]) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    active quiver.feature_view_version := quiver.feature_version_of(view);
    known text[] := active.keys || '{event_ts,created_ts}'::text[]
        || ARRAY(SELECT DISTINCT c.name FROM quiver.feature_column c
        WHERE c.view = active.view AND c.agg IS NULL ORDER BY c.name);
    missing text[] := ARRAY(SELECT c FROM unnest(active.keys || 'event_ts'::text) AS c WHERE c <> ALL (given));
BEGIN
    IF missing <> '{}' THEN
        PERFORM quiver.feature_invalid(format('rows for feature view "%s" lack %s', view,
            array_to_string(missing, ', ')),
            'Every row needs its keys and event_ts.', '42703', format('Given: %s.', array_to_string(given, ', ')));
    END IF;
    PERFORM quiver.feature_unknown(format('column of feature view "%s"', view), g, known) FROM unnest(given) AS g
        WHERE g <> ALL (known);
END $$;
COMMENT ON FUNCTION quiver.feature_check_pushed(text, text[]) IS
    'refuse rows that lack keys or a time (42703) or have unknown columns (42704)';

CREATE FUNCTION quiver.feature_announce(view text, result quiver.feature_pushed) RETURNS void
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_notify('quiver_feature', jsonb_build_object('view', d.view, 'appended', (result).appended, 'online',
        (result).online)::text)
    FROM quiver.feature_delivery d WHERE d.view = feature_announce.view AND d.notify AND (result).appended > 0
$$;
COMMENT ON FUNCTION quiver.feature_announce(text, quiver.feature_pushed) IS
    'NOTIFY quiver_feature with view and counts, if the view asks for it';

CREATE FUNCTION quiver.feature_push(view text, rows jsonb) RETURNS quiver.feature_pushed
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    of_view quiver.feature_view := quiver.feature_view_of(view, true);
    given text[];
    result quiver.feature_pushed;
BEGIN
    rows := CASE jsonb_typeof(rows) WHEN 'object' THEN jsonb_build_array(rows) ELSE rows END;
    IF jsonb_typeof(rows) IS DISTINCT FROM 'array' THEN
        PERFORM quiver.feature_invalid('rows must be a JSON array of objects',
            'For example [{"user_id": 1, "event_ts": "2024-01-01T00:00:00Z"}].');
    ELSIF rows = '[]' THEN
        RETURN ROW(0, 0, 0, 0, 0)::quiver.feature_pushed;
    END IF;
    given := ARRAY(SELECT DISTINCT k FROM jsonb_array_elements(rows) AS r, jsonb_object_keys(r) AS k ORDER BY k);
    PERFORM quiver.feature_check_pushed(view, given);
    EXECUTE quiver.feature_push_sql(view, format('SELECT %s FROM pg_catalog.jsonb_to_recordset($1) AS r(%s)',
        (SELECT string_agg(CASE c WHEN 'created_ts'
            THEN 'coalesce(r.created_ts, pg_catalog.clock_timestamp()) AS created_ts'
            ELSE format('r.%I', c) END, ', ') FROM unnest(given) AS c),
        (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ') FROM pg_attribute a
         WHERE a.attrelid = format('%I.%I', of_view.history_schema, of_view.history_table)::regclass
             AND a.attname = ANY (given))), given)
        INTO result USING rows;
    PERFORM quiver.feature_announce(view, result);
    RETURN result;
END $$;
COMMENT ON FUNCTION quiver.feature_push(text, jsonb) IS
    'add rows, objects with keys, event_ts and features, to the history of a managed view and to its online tables, '
    'in this transaction';

CREATE FUNCTION quiver.feature_push_query(view text, query quiver.feature_query) RETURNS quiver.feature_pushed
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result quiver.feature_pushed;
BEGIN
    PERFORM quiver.feature_view_of(view, true);
    PERFORM quiver.feature_check_pushed(view, query.columns);
    PERFORM quiver.feature_check_times(view, query);
    EXECUTE quiver.feature_push_sql(view, query.sql, query.columns) INTO result;
    PERFORM quiver.feature_announce(view, result);
    RETURN result;
END $$;
COMMENT ON FUNCTION quiver.feature_push_query(text, quiver.feature_query) IS
    'what quiver.feature_push_rows does, given the analysed source';

CREATE FUNCTION quiver.feature_push_rows(view text, source text) RETURNS quiver.feature_pushed
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    BEGIN ATOMIC
        SELECT quiver.feature_push_query(view, quiver.feature_describe(quiver.feature_select(source)));
    END;
COMMENT ON FUNCTION quiver.feature_push_rows(text, text) IS
    'quiver.feature_push with the rows of a table, view or query';

CREATE FUNCTION quiver.feature_deliver(view text, notify boolean DEFAULT false, outbox boolean DEFAULT false)
    RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM quiver.feature_view_of(view, true);
    INSERT INTO quiver.feature_delivery AS d (view, notify, outbox) VALUES (view, coalesce(notify, false),
        coalesce(outbox, false))
    ON CONFLICT ON CONSTRAINT feature_delivery_pkey DO UPDATE SET notify = excluded.notify, outbox = excluded.outbox;
END $$;
COMMENT ON FUNCTION quiver.feature_deliver(text, boolean, boolean) IS
    'announce pushes to a view by NOTIFY quiver_feature, write pushed rows to quiver.feature_outbox, or neither';

CREATE FUNCTION quiver.feature_outbox_trim(up_to bigint) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM quiver.feature_outbox o WHERE o.id <= up_to RETURNING 1) SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION quiver.feature_outbox_trim(bigint) IS 'delete rows of the outbox up to an id that has been sent on';
