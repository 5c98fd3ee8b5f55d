-- Precomputed services: one row for each entity with the features of all views, so that a read is one probe.
CREATE TABLE quiver.feature_precomputed (
    service      text,
    version      int,
    table_schema text NOT NULL,
    table_name   text NOT NULL,
    keys         text[] NOT NULL,
    PRIMARY KEY (service, version),
    FOREIGN KEY (service, version) REFERENCES quiver.feature_service_version ON DELETE CASCADE
);
COMMENT ON TABLE quiver.feature_precomputed IS
    'service versions whose features lie side by side in one table, kept by pushes and materialisation';
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_precomputed', '');

-- The guarded upsert of one member's rows into the service's table. Each member has its own times there, mN_….
CREATE FUNCTION quiver.feature_wide_upsert_sql(service text, version int, place int, rows text) RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    WITH member AS (
        SELECT m.*, p.table_schema, p.table_name, p.keys AS wide_keys, v.keys
        FROM quiver.feature_service_member m
        JOIN quiver.feature_precomputed p USING (service, version)
        JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.view_version)
        WHERE (m.service, m.version, m.position) = (feature_wide_upsert_sql.service, feature_wide_upsert_sql.version,
            place)
    ), columns AS (
        SELECT c.part, c.n, quote_ident(c.wide) AS wide, 'n.' || quote_ident(c.narrow) AS narrow
        FROM member m, LATERAL (
            SELECT 0 AS part, k.n, k.name AS wide, m.keys[array_position(m.spine_keys, k.name)] AS narrow
            FROM unnest(m.wide_keys) WITH ORDINALITY AS k(name, n)
            UNION ALL SELECT 1, t.n, format('m%s_%s', place, t.name), t.name
            FROM unnest('{event_ts,created_ts,ingest_id}'::text[]) WITH ORDINALITY AS t(name, n)
            UNION ALL SELECT 2, f.n, f.output, f.feature
            FROM unnest(m.features, m.outputs) WITH ORDINALITY AS f(feature, output, n)
            JOIN quiver.feature_column c ON (c.view, c.version, c.name) = (m.view, m.view_version, f.feature) AND c.agg
                IS NULL) AS c
    )
    SELECT format('INSERT INTO %1$I.%2$I AS o (%3$s) SELECT %4$s FROM %5$s AS n ORDER BY %6$s ON CONFLICT (%7$s) DO '
        'UPDATE SET %8$s '
        'WHERE o.m%9$s_event_ts IS NULL OR (o.m%9$s_event_ts, coalesce(o.m%9$s_created_ts, ''-infinity''), '
            'o.m%9$s_ingest_id) < '
        '(excluded.m%9$s_event_ts, coalesce(excluded.m%9$s_created_ts, ''-infinity''), excluded.m%9$s_ingest_id)',
        m.table_schema, m.table_name,
        (SELECT string_agg(c.wide, ', ' ORDER BY c.part, c.n) FROM columns c),
        (SELECT string_agg(c.narrow, ', ' ORDER BY c.part, c.n) FROM columns c), rows,
        (SELECT string_agg(c.narrow, ', ' ORDER BY c.n) FROM columns c WHERE c.part = 0),
        (SELECT string_agg(c.wide, ', ' ORDER BY c.n) FROM columns c WHERE c.part = 0),
        (SELECT string_agg(format('%1$s = excluded.%1$s', c.wide), ', ') FROM columns c WHERE c.part > 0), place)
    FROM member m
$$;
COMMENT ON FUNCTION quiver.feature_wide_upsert_sql(text, int, int, text) IS
    'the guarded upsert of rows of a view into the table of a precomputed service';

-- The upserts that rows of one version of a view have to make besides its own online table.
CREATE FUNCTION quiver.feature_wide_upserts(of_view text, of_version int, rows text)
    RETURNS TABLE (service text, version int, place int, statement text)
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.service, m.version, m.position, quiver.feature_wide_upsert_sql(m.service, m.version, m.position, rows)
    FROM quiver.feature_service_member m
    JOIN quiver.feature_precomputed p USING (service, version)
    WHERE (m.view, m.view_version) = (of_view, of_version)
      AND EXISTS (SELECT FROM quiver.feature_column c WHERE (c.view, c.version) = (of_view, of_version) AND c.agg
          IS NULL
                  AND c.name = ANY (m.features))
    ORDER BY m.service, m.version, m.position
$$;
COMMENT ON FUNCTION quiver.feature_wide_upserts(text, int, text) IS
    'upserts of rows of a view into the tables of precomputed services';

CREATE FUNCTION quiver.feature_prepare_wide(service text, path text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    of_service quiver.feature_service_version := quiver.feature_service_named(service);
    target text := format('%s_v%s_online', of_service.service, of_service.version);
    schema text := quiver.feature_schema_in(path);
    keys text[];
    one record;
BEGIN
    IF EXISTS (SELECT FROM quiver.feature_precomputed p WHERE (p.service, p.version) = (of_service.service,
        of_service.version)) THEN
        RETURN;
    END IF;
    keys := (SELECT m.spine_keys FROM quiver.feature_service_member m
        WHERE (m.service, m.version, m.position) = (of_service.service, of_service.version, 1));
    SELECT m.view INTO one FROM quiver.feature_service_member m
    WHERE (m.service, m.version) = (of_service.service, of_service.version)
      AND (NOT (m.spine_keys @> keys AND m.spine_keys <@ keys) OR keys = '{}') LIMIT 1;
    IF FOUND THEN
        PERFORM quiver.feature_invalid(format('feature service "%s" cannot be precomputed: view "%s" has other keys',
            service, one.view),
            'A precomputed service is about one entity; make one service for each.', '0A000');
    END IF;
    SELECT m.view INTO one FROM quiver.feature_service_member m
    WHERE (m.service, m.version) = (of_service.service, of_service.version) GROUP BY m.view HAVING count(*) > 1;
    IF FOUND THEN
        PERFORM quiver.feature_invalid(format('feature service "%s" cannot be precomputed: view "%s" is in it twice',
            service, one.view),
            'Make one service for each alias.', '0A000');
    END IF;
    SELECT m.view INTO one FROM quiver.feature_service_member m
    JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.view_version)
    JOIN quiver.feature_column c ON (c.view, c.version) = (v.view, v.version) AND c.agg IS NULL
        AND c.name = ANY (m.features)
    WHERE (m.service, m.version) = (of_service.service, of_service.version) AND v.online_table IS NULL LIMIT 1;
    IF FOUND THEN
        PERFORM quiver.feature_invalid(format('feature view "%s" is not online', one.view),
            format('CALL quiver.feature_materialize(''%s'') first.', one.view), '55000');
    END IF;
    EXECUTE format('CREATE TABLE %I.%I (%s, PRIMARY KEY (%s)) WITH (fillfactor = 80)', schema, target,
        (SELECT string_agg(c.sql, ', ' ORDER BY c.part, c.place, c.n) FROM (
            SELECT 0 AS part, 0 AS place, k.n,
                format('%I %s NOT NULL', k.key, v.key_types[array_position(v.keys, m.spine_key)]) AS sql
            FROM unnest(keys) WITH ORDINALITY AS k(key, n)
            JOIN LATERAL (SELECT m.view, m.view_version, w.keys[array_position(m.spine_keys, k.key)] AS spine_key
                FROM quiver.feature_service_member m
                JOIN quiver.feature_view_version w ON (w.view, w.version) = (m.view, m.view_version)
                WHERE (m.service, m.version, m.position) = (of_service.service, of_service.version, 1)) AS m ON true
            JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.view_version)
            UNION ALL
            SELECT 1, m.position, 0, format('m%1$s_event_ts timestamptz, m%1$s_created_ts timestamptz, '
                'm%1$s_ingest_id bigint', m.position)
            FROM quiver.feature_service_member m WHERE (m.service, m.version) = (of_service.service, of_service.version)
            UNION ALL
            SELECT 1, m.position, f.n, format('%I %s', f.output, c.type)
            FROM quiver.feature_service_member m
            CROSS JOIN unnest(m.features, m.outputs) WITH ORDINALITY AS f(feature, output, n)
            JOIN quiver.feature_column c ON (c.view, c.version, c.name) = (m.view, m.view_version, f.feature) AND c.agg
                IS NULL
            WHERE (m.service, m.version) = (of_service.service, of_service.version)) AS c),
        (SELECT string_agg(quote_ident(k), ', ') FROM unnest(keys) AS k));
    EXECUTE format('COMMENT ON TABLE %I.%I IS %L', schema, target,
        format('online rows of feature service %s, version %s: the features of all its views', of_service.service,
            of_service.version));
    INSERT INTO quiver.feature_precomputed (service, version, table_schema, table_name, keys)
    VALUES (of_service.service, of_service.version, schema, target, keys);
    -- Pushes that began before do not know of the table yet: wait for them, and then copy.
    FOR one IN SELECT m.position, v.view_schema, v.online_table FROM quiver.feature_service_member m
        JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.view_version)
        WHERE (m.service, m.version) = (of_service.service, of_service.version) AND v.online_table IS NOT NULL
            ORDER BY m.position
    LOOP
        EXECUTE format('LOCK TABLE %I.%I IN SHARE MODE', one.view_schema, one.online_table);
        EXECUTE quiver.feature_wide_upsert_sql(of_service.service, of_service.version, one.position,
            format('%I.%I', one.view_schema, one.online_table));
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_prepare_wide(text, text) IS
    'what quiver.feature_precompute does, given the caller''s search_path';

CREATE PROCEDURE quiver.feature_precompute(service text)
    LANGUAGE sql
    BEGIN ATOMIC
        SELECT quiver.feature_prepare_wide(service, pg_catalog.current_setting('search_path'));
    END;
COMMENT ON PROCEDURE quiver.feature_precompute(text) IS
    'lay the features of a service side by side in one table, so that a read is one probe however many views there '
    'are; pushes write it too';
