-- Materialisation: online tables from histories and sources.

-- The tables whose rows a version's SQL view shows: a row that is older than the last run is new all the same if its
-- table has been attached since.
CREATE FUNCTION quiver.feature_source_parts(of_version quiver.feature_view_version) RETURNS oid[]
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE part(id) AS (
        SELECT d.refobjid FROM pg_rewrite AS r
        JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
        WHERE r.ev_class = to_regclass(format('%I.%I', of_version.view_schema, of_version.view_name))
        UNION
        SELECT i.inhrelid FROM part JOIN pg_inherits AS i ON i.inhparent = part.id
    )
    SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM part
$$;
COMMENT ON FUNCTION quiver.feature_source_parts(quiver.feature_view_version) IS
    'what a version reads: tables with their partitions and children';

-- Rows that the last run may not have seen: written by a transaction that had not ended when it took its
-- snapshot, whatever their event time, or due since. NULL if there is no telling, and all have to be read.
CREATE FUNCTION quiver.feature_new_rows(of_version quiver.feature_view_version, mark quiver.feature_watermark,
    own_xid xid8)
    RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN mark.snapshot IS NULL THEN NULL
        -- Ids as well, for after a restore: transaction numbers start anew, ids go on.
        WHEN mark.high_id IS NOT NULL THEN format('(v.ingest_id > %s OR v.ingest_xid >= %L::xid8 OR v.event_ts > %L)',
            mark.high_id, pg_snapshot_xmin(mark.snapshot), mark.until)
        -- A table's xmin has 32 bits. age() counts back from our own transaction, so a number is at most taken for a
        -- later
        -- one, and then a row is read again in vain. Subtransactions have later numbers than the transaction above
        -- them.
        WHEN of_version.source_table IS NOT NULL AND mark.cluster = (SELECT c.system_identifier
            FROM pg_control_system() AS c)
            AND quiver.feature_source_parts(of_version) <@ mark.parts
            -- Foreign rows have no transaction of this server.
            AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = ANY (mark.parts) AND c.relkind = 'f')
            THEN format('(age(v.source_xmin) <= %s OR v.event_ts > %L)',
                own_xid::text::numeric - pg_snapshot_xmin(mark.snapshot)::text::numeric, mark.until)
    END
$$;
COMMENT ON FUNCTION quiver.feature_new_rows(quiver.feature_view_version, quiver.feature_watermark, xid8) IS
    'SQL of the condition on rows that came after a watermark; NULL if all rows have to be read';

CREATE FUNCTION quiver.feature_fill_online(view text, mode text, from_ts timestamptz, to_ts timestamptz, version int)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    started timestamptz := clock_timestamp();
    of_version quiver.feature_view_version := quiver.feature_version_of(view, version);
    of_view quiver.feature_view := quiver.feature_view_of(view);
    mark quiver.feature_watermark;
    taken pg_snapshot;
    high bigint;
    parts oid[];
    own_xid xid8 := pg_current_xact_id();
    until timestamptz;
    conditions text[];
    key_list text;
    fresh text;
    wide record;
    changed bigint;
BEGIN
    IF coalesce(mode NOT IN ('incremental', 'full', 'range'), true) THEN
        PERFORM quiver.feature_invalid(format('mode must be "incremental", "full" or "range", not "%s"', mode));
    ELSIF mode = 'range' AND (from_ts IS NULL OR to_ts IS NULL OR from_ts > to_ts) THEN
        PERFORM quiver.feature_invalid(format('a range needs from_ts and to_ts in this order, not %s and %s',
            coalesce(from_ts::text, 'NULL'), coalesce(to_ts::text, 'NULL')));
    ELSIF mode <> 'range' AND (from_ts IS NOT NULL OR to_ts IS NOT NULL) THEN
        PERFORM quiver.feature_invalid(format('from_ts and to_ts are for mode "range", not "%s"', mode));
    ELSIF NOT EXISTS (SELECT FROM quiver.feature_column c
            WHERE (c.view, c.version) = (of_version.view, of_version.version) AND c.agg IS NULL) THEN
        PERFORM quiver.feature_invalid(format('feature view "%s" has windows only', view),
            'Windows are computed when they are asked for; there is nothing to materialise.', '0A000');
    END IF;
    IF of_version.online_table IS NULL THEN
        of_version.online_table := quiver.feature_prepare_online(view, of_version.version);
    END IF;
    -- One materialisation at a time; a full one holds off pushes, which would otherwise be lost between delete and
    -- insert.
    EXECUTE format('LOCK TABLE %I.%I IN %s MODE', of_version.view_schema, of_version.online_table,
        CASE mode WHEN 'full' THEN 'SHARE ROW EXCLUSIVE' ELSE 'SHARE UPDATE EXCLUSIVE' END);
    SELECT * INTO mark FROM quiver.feature_watermark w WHERE (w.view, w.version) = (of_version.view,
        of_version.version);
    -- In this order: what the snapshot does not show is read again next time, and every row that it shows has its id.
    taken := pg_current_snapshot();
    high := quiver.feature_high_id(view);
    until := clock_timestamp();
    parts := quiver.feature_source_parts(of_version);

    conditions := ARRAY(SELECT format('v.%I IS NOT NULL', k) FROM unnest(of_version.keys) AS k)
        || format('v.event_ts <= %L', CASE WHEN mode = 'range' THEN least(to_ts, until) ELSE until END)
        || CASE mode WHEN 'range' THEN format('v.event_ts >= %L', from_ts)
                     WHEN 'incremental' THEN quiver.feature_new_rows(of_version, mark, own_xid) END;
    IF mode = 'full' THEN
        EXECUTE format('DELETE FROM %I.%I', of_version.view_schema, of_version.online_table);
    END IF;
    key_list := coalesce((SELECT string_agg(format('v.%I', k), ', ') FROM unnest(of_version.keys) AS k),
        'v.event_ts IS NULL');
    fresh := format('(SELECT DISTINCT ON (%s) v.*%s%s FROM %I.%I AS v WHERE %s ORDER BY %s, %s)',
        key_list, CASE WHEN of_version.has_created THEN '' ELSE ', NULL::timestamptz AS created_ts' END,
        CASE WHEN of_view.managed THEN '' ELSE ', 0::bigint AS ingest_id' END, of_version.view_schema,
            of_version.view_name,
        array_to_string(conditions, ' AND '), key_list, quiver.feature_newest_first(of_view.managed,
            of_version.has_created));
    EXECUTE quiver.feature_upsert_sql(of_version, fresh);
    GET DIAGNOSTICS changed = ROW_COUNT;
    FOR wide IN SELECT w.*, p.table_schema, p.table_name FROM quiver.feature_wide_upserts(of_version.view,
        of_version.version,
        CASE mode WHEN 'full' THEN format('%I.%I', of_version.view_schema, of_version.online_table) ELSE fresh END) AS w
        JOIN quiver.feature_precomputed p USING (service, version)
    LOOP
        IF mode = 'full' THEN
            EXECUTE format('UPDATE %1$I.%2$I SET m%3$s_event_ts = NULL, m%3$s_created_ts = NULL, m%3$s_ingest_id = '
                'NULL',
                wide.table_schema, wide.table_name, wide.place);
        END IF;
        EXECUTE wide.statement;
    END LOOP;

    IF mode <> 'range' THEN
        INSERT INTO quiver.feature_watermark AS w (view, version, snapshot, high_id, until, cluster, parts)
        VALUES (of_version.view, of_version.version, taken, high, until,
            (SELECT c.system_identifier FROM pg_control_system() AS c),
            -- What was there before and after the rows were read.
            ARRAY(SELECT unnest(parts) INTERSECT SELECT unnest(quiver.feature_source_parts(of_version))))
        ON CONFLICT ON CONSTRAINT feature_watermark_pkey DO UPDATE SET snapshot = excluded.snapshot,
            high_id = excluded.high_id,
            until = excluded.until, cluster = excluded.cluster, parts = excluded.parts, run_at = clock_timestamp();
    END IF;
    INSERT INTO quiver.feature_run (kind, name, started_at, inputs, outputs, statistics)
    VALUES ('materialize', format('%s@%s', of_version.view, of_version.version), started,
        jsonb_build_array(format('%I.%I', of_version.view_schema, of_version.view_name)),
        jsonb_build_array(format('%I.%I', of_version.view_schema, of_version.online_table)),
        jsonb_build_object('mode', mode, 'rows', changed, 'until', CASE WHEN mode = 'range' THEN least(to_ts, until)
            ELSE until END));
    RETURN changed;
END $$;
COMMENT ON FUNCTION quiver.feature_fill_online(text, text, timestamptz, timestamptz, int) IS
    'what quiver.feature_materialize does; returns how many online rows it wrote';

CREATE PROCEDURE quiver.feature_materialize(
    view text, mode text DEFAULT 'incremental', from_ts timestamptz DEFAULT NULL, to_ts timestamptz DEFAULT NULL,
        version int DEFAULT NULL)
    LANGUAGE sql
    BEGIN ATOMIC
        SELECT quiver.feature_fill_online(view, mode, from_ts, to_ts, version);
    END;
COMMENT ON PROCEDURE quiver.feature_materialize(text, text, timestamptz, timestamptz, int) IS
    'fill a view''s online table: incremental (all rows that came since the last run), full, or a range of event '
    'times; never beyond now';

CREATE FUNCTION quiver.feature_expire(view text, version int DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    of_version quiver.feature_view_version := quiver.feature_version_of(view, version);
    oldest timestamptz := clock_timestamp() - of_version.ttl;
    wide record;
    gone bigint := 0;
BEGIN
    IF of_version.online_table IS NOT NULL AND of_version.ttl IS NOT NULL THEN
        EXECUTE format('DELETE FROM %I.%I WHERE event_ts < %L', of_version.view_schema, of_version.online_table,
            oldest);
        GET DIAGNOSTICS gone = ROW_COUNT;
        -- Where features of many views share a row, those of this view go from it.
        FOR wide IN SELECT p.table_schema, p.table_name, m.position
            FROM quiver.feature_service_member m JOIN quiver.feature_precomputed p USING (service, version)
            WHERE (m.view, m.view_version) = (of_version.view, of_version.version)
            ORDER BY m.service, m.version
        LOOP
            EXECUTE format('UPDATE %1$I.%2$I SET m%3$s_event_ts = NULL, m%3$s_created_ts = NULL, m%3$s_ingest_id = '
                'NULL WHERE m%3$s_event_ts < %4$L', wide.table_schema, wide.table_name, wide.position, oldest);
        END LOOP;
    END IF;
    RETURN gone;
END $$;
COMMENT ON FUNCTION quiver.feature_expire(text, int) IS
    'delete online rows that are past the ttl, which no read returns anyway; how many went';

-- What each online table holds, as far as the caller may read it.
CREATE FUNCTION quiver.feature_online_state()
    RETURNS TABLE (view text, version int, active boolean, online_rows bigint, newest timestamptz, age interval,
        expired bigint,
        ttl interval, materialized_at timestamptz, materialized_until timestamptz)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    one quiver.feature_view_version;
BEGIN
    FOR one IN SELECT * FROM quiver.feature_view_version v
        WHERE v.online_table IS NOT NULL
          AND coalesce(has_table_privilege(to_regclass(format('%I.%I', v.view_schema, v.online_table)), 'SELECT'),
              false)
        ORDER BY v.view, v.version
    LOOP
        EXECUTE format('SELECT count(*), max(event_ts), count(*) FILTER (WHERE event_ts < now() - %L::interval) FROM '
            '%I.%I',
            one.ttl, one.view_schema, one.online_table) INTO online_rows, newest, expired;
        view := one.view;
        version := one.version;
        ttl := one.ttl;
        active := (SELECT f.active = one.version FROM quiver.feature_view f WHERE f.name = one.view);
        age := CASE WHEN isfinite(newest) THEN now() - newest END;
        SELECT w.run_at, w.until INTO materialized_at, materialized_until FROM quiver.feature_watermark w
        WHERE (w.view, w.version) = (one.view, one.version);
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_online_state() IS 'what quiver.feature_freshness and quiver.feature_status show';

CREATE VIEW quiver.feature_freshness WITH (security_invoker = true) AS
SELECT s.view, s.version, s.newest, s.age, s.ttl, s.age > s.ttl AS is_stale, s.materialized_at
    FROM quiver.feature_online_state() AS s WHERE s.active;
COMMENT ON VIEW quiver.feature_freshness IS
    'how old the newest online value of each feature view is; stale if that is past the ttl';

CREATE VIEW quiver.feature_status WITH (security_invoker = true) AS
SELECT v.view, v.version, f.active = v.version AS active, f.managed, v.online_table IS NOT NULL AS online,
    s.online_rows, s.expired, s.newest,
    s.age, v.ttl, s.materialized_at, s.materialized_until,
    (SELECT array_agg(m.service || '@' || m.version ORDER BY m.service, m.version) FROM quiver.feature_service_member m
     WHERE (m.view, m.view_version) = (v.view, v.version)) AS services
FROM quiver.feature_view_version v
JOIN quiver.feature_view f ON f.name = v.view
LEFT JOIN quiver.feature_online_state() AS s ON (s.view, s.version) = (v.view, v.version);
COMMENT ON VIEW quiver.feature_status IS 'every version of every feature view: what it is, what is online, who uses it';
