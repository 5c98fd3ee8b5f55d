-- Tables that belong to views: the history of a managed view, and the online tables of versions.

-- Make the history table of a managed view, or give it the columns that a new version adds.
CREATE FUNCTION quiver.feature_prepare_history(
    view text, schema text, keys text[], key_types text[], names text[], types text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    history text := view || '_history';
    target regclass := to_regclass(format('%I.%I', schema, view || '_history'));
    is_ours boolean := EXISTS (SELECT FROM quiver.feature_view v WHERE v.name = view AND v.history_schema = schema);
    one record;
BEGIN
    IF target IS NULL THEN
        EXECUTE format('CREATE TABLE %I.%I (%s, ingest_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, '
            'ingest_xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id())', schema, history,
            (SELECT string_agg(c, ', ') FROM (
                SELECT format('%I %s NOT NULL', k.name, k.type) AS c FROM unnest(keys, key_types) AS k(name, type)
                UNION ALL VALUES ('event_ts timestamptz NOT NULL'),
                    ('created_ts timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()')
                UNION ALL SELECT format('%I %s', f.name, f.type) FROM unnest(names, types) AS f(name, type))
                    AS columns));
        EXECUTE format('CREATE UNIQUE INDEX %I ON %I.%I (%s event_ts, created_ts)', history || '_key', schema, history,
            (SELECT string_agg(format('%I, ', k), '') FROM unnest(keys) AS k));
        EXECUTE format('CREATE INDEX %I ON %I.%I (ingest_xid)', history || '_xid', schema, history);
        EXECUTE format('CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE ON %I.%I '
            'FOR EACH ROW EXECUTE FUNCTION quiver.feature_refuse_change()', schema, history);
        EXECUTE format('COMMENT ON TABLE %I.%I IS %L', schema, history,
            format('history of feature view %s, insert-only', view));
        RETURN;
    ELSIF NOT is_ours THEN
        PERFORM quiver.feature_invalid(format('relation "%s" already exists', target),
            'Rename it, or define the view in another schema.',
            '42P07');
    END IF;
    FOR one IN
        SELECT f.name, f.type, format_type(a.atttypid, a.atttypmod) AS known
        FROM unnest(names, types) AS f(name, type)
        LEFT JOIN pg_attribute a ON a.attrelid = target AND a.attname = f.name AND NOT a.attisdropped
    LOOP
        IF one.known IS NULL THEN
            EXECUTE format('ALTER TABLE %I.%I ADD COLUMN %I %s', schema, history, one.name, one.type);
        ELSIF one.known <> one.type THEN
            PERFORM quiver.feature_invalid(format('feature "%s" of view "%s" has type %s in its history, not %s',
                one.name, view, one.known, one.type), 'Give the feature of another type another name.', '42804');
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_prepare_history(text, text, text[], text[], text[], text[]) IS
    'make or widen the history table of a managed feature view';

CREATE FUNCTION quiver.feature_prepare_online(view text, version int) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_version quiver.feature_view_version;
    online text := format('%s_v%s_online', view, version);
BEGIN
    SELECT * INTO of_version FROM quiver.feature_view_version v
    WHERE (v.view, v.version) = (feature_prepare_online.view, feature_prepare_online.version);
    IF of_version.online_table IS NOT NULL THEN
        RETURN of_version.online_table;
    END IF;
    EXECUTE format('CREATE TABLE %I.%I (%s, PRIMARY KEY (%s)) WITH (fillfactor = 80)', of_version.view_schema, online,
        (SELECT string_agg(c, ', ') FROM (
            SELECT format('%I %s NOT NULL', k.name, k.type) AS c FROM unnest(of_version.keys, of_version.key_types)
                AS k(name, type)
            UNION ALL SELECT 'one_row boolean NOT NULL DEFAULT true CHECK (one_row)' WHERE of_version.keys = '{}'
            UNION ALL VALUES ('event_ts timestamptz NOT NULL'), ('created_ts timestamptz'),
                ('ingest_id bigint NOT NULL')
            UNION ALL (SELECT format('%I %s', f.name, f.type) FROM quiver.feature_column f
                WHERE (f.view, f.version) = (feature_prepare_online.view, feature_prepare_online.version) AND f.agg
                    IS NULL
                ORDER BY f.position)) AS columns),
        coalesce((SELECT string_agg(quote_ident(k), ', ') FROM unnest(of_version.keys) AS k), 'one_row'));
    EXECUTE format('COMMENT ON TABLE %I.%I IS %L', of_version.view_schema, online,
        format('online rows of feature view %s, version %s: the newest of each key', view, version));
    UPDATE quiver.feature_view_version v SET online_table = online
    WHERE (v.view, v.version) = (feature_prepare_online.view, feature_prepare_online.version);
    RETURN online;
END $$;
COMMENT ON FUNCTION quiver.feature_prepare_online(text, int) IS
    'make the online table of a version; it is empty until materialised';
