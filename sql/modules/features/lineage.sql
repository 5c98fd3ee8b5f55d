-- Lineage: from which columns each feature is computed, what a change of a column touches, OpenLineage events.
CREATE FUNCTION quiver.feature_query_lineage(query text) RETURNS TABLE (place int, relation oid, name text)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.feature_query_lineage(text) IS
    'for each column of a SELECT, by its place, the columns of relations that its values come from; views are looked '
    'through';

CREATE FUNCTION quiver.feature_lineage(view text, version int DEFAULT NULL)
    RETURNS TABLE (feature text, relation regclass, source_column text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_version quiver.feature_view_version := quiver.feature_version_of(view, version);
    columns text[] := (quiver.feature_describe(of_version.source)).columns;
BEGIN
    RETURN QUERY
    SELECT DISTINCT coalesce(w.name, columns[l.place]), l.relation::regclass, l.name
    FROM quiver.feature_query_lineage(of_version.source) AS l
    LEFT JOIN quiver.feature_column w ON (w.view, w.version) = (of_version.view, of_version.version) AND w.agg
        IS NOT NULL
        AND w.name || '_input' = columns[l.place]
    WHERE columns[l.place] NOT IN ('ingest_id', 'ingest_xid', 'source_xmin')
    ORDER BY 1, 2, 3;
END $$;
COMMENT ON FUNCTION quiver.feature_lineage(text, int) IS
    'for each feature, key and time of a version, the source columns that its values come from';

-- Everything that a column, or a whole relation, reaches.
CREATE FUNCTION quiver.feature_impact(relation regclass, name text DEFAULT NULL)
    RETURNS TABLE (kind text, object text, version int, detail text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted text := name;
BEGIN
    IF relation IS NULL THEN
        PERFORM quiver.feature_invalid('the relation is NULL', NULL, '22004');
    ELSIF wanted IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute a
            WHERE a.attrelid = feature_impact.relation AND a.attname = wanted AND NOT a.attisdropped) THEN
        PERFORM quiver.feature_unknown(format('column of %s', relation), wanted,
            (SELECT array_agg(a.attname::text ORDER BY a.attnum)
            FROM pg_attribute a WHERE a.attrelid = feature_impact.relation AND a.attnum > 0 AND NOT a.attisdropped));
    END IF;
    RETURN QUERY
    WITH values_of AS MATERIALIZED (
        SELECT v.view, v.version, l.feature
        FROM quiver.feature_view_version v, quiver.feature_lineage(v.view, v.version) AS l
        WHERE l.relation = feature_impact.relation AND (wanted IS NULL OR l.source_column = wanted)
    ), rows_of AS (
        -- Columns that the SQL view needs without computing a value from them: filters, joins.
        SELECT DISTINCT v.view, v.version
        FROM quiver.feature_view_version v
        JOIN pg_rewrite r ON r.ev_class = to_regclass(format('%I.%I', v.view_schema, v.view_name))
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
            AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid = feature_impact.relation
        LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE wanted IS NULL OR a.attname = wanted
    ), versions AS (
        SELECT view, version FROM values_of UNION SELECT view, version FROM rows_of
    ), members AS (
        SELECT m.service, m.version, m.view, m.view_version,
            ARRAY(SELECT o.output FROM unnest(m.features, m.outputs) AS o(feature, output)
                  WHERE EXISTS (SELECT FROM values_of x WHERE (x.view, x.version) = (m.view, m.view_version)
                                AND x.feature IN (o.feature, 'event_ts', 'created_ts'))) AS reached
        FROM quiver.feature_service_member m JOIN versions v ON (v.view, v.version) = (m.view, m.view_version)
    )
    SELECT 'feature', x.view, x.version, string_agg(DISTINCT x.feature, ', ' ORDER BY x.feature) FROM values_of x
        GROUP BY x.view, x.version
    UNION ALL
    SELECT 'view', v.view, v.version, 'which rows there are' FROM rows_of v
    WHERE NOT EXISTS (SELECT FROM values_of x WHERE (x.view, x.version) = (v.view, v.version))
    UNION ALL
    SELECT 'service', m.service, m.version, coalesce(nullif(array_to_string(m.reached, ', '), ''),
        'which rows there are') FROM members m
    UNION ALL
    SELECT 'transform', t.service, t.version, t.name FROM quiver.feature_transform t
    WHERE EXISTS (SELECT FROM members m WHERE (m.service, m.version) = (t.service, t.version)
        AND m.reached && t.arguments)
    UNION ALL
    SELECT 'dataset', d.dataset, NULL, format('%s@%s', d.view, d.version) FROM quiver.feature_dataset_member d
    JOIN versions v ON (v.view, v.version) = (d.view, d.version)
    ORDER BY 1, 2, 3, 4;
END $$;
COMMENT ON FUNCTION quiver.feature_impact(regclass, text) IS
    'what a change of a column, or of a relation, reaches: features, views, services, transforms, datasets';

CREATE VIEW quiver.feature_openlineage WITH (security_invoker = true) AS
SELECT r.id, r.ended_at, jsonb_build_object(
    'eventType', 'COMPLETE', 'eventTime', r.ended_at, 'producer', 'urn:quiver:' || quiver.version(),
    'schemaURL', 'https://openlineage.io/spec/1-0-5/OpenLineage.json#/definitions/RunEvent',
    'run', jsonb_build_object('runId', r.id, 'facets', jsonb_build_object('nominalTime', jsonb_build_object(
        '_producer', 'urn:quiver:' || quiver.version(),
        '_schemaURL', 'https://openlineage.io/spec/facets/1-0-0/NominalTimeRunFacet.json#/$defs/NominalTimeRunFacet',
        'nominalStartTime', r.started_at, 'nominalEndTime', r.ended_at))),
    'job', jsonb_build_object('namespace', current_database(), 'name', r.kind || '.' || r.name, 'facets', '{}'::jsonb),
    'inputs', (SELECT jsonb_agg(jsonb_build_object('namespace', current_database(), 'name', i, 'facets', '{}'::jsonb))
        FROM jsonb_array_elements_text(r.inputs) AS i),
    'outputs', (SELECT jsonb_agg(jsonb_build_object('namespace', current_database(), 'name', o, 'facets', '{}'::jsonb,
            'outputFacets', jsonb_build_object('outputStatistics', jsonb_build_object(
                '_producer', 'urn:quiver:' || quiver.version(),
                '_schemaURL', 'https://openlineage.io/spec/facets/1-0-0/OutputStatisticsOutputDatasetFacet.json',
                'rowCount', r.statistics -> 'rows'))))
        FROM jsonb_array_elements_text(r.outputs) AS o)) AS event
FROM quiver.feature_run r;
COMMENT ON VIEW quiver.feature_openlineage IS
    'runs that made datasets or filled online tables, as OpenLineage RunEvent documents';
