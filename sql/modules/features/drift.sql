-- Drift of a feature view between two windows of event time.

-- Counts of both samples in bins that the reference alone decides, NULL and what it never had in bins of their own.
CREATE FUNCTION quiver.feature_drift_bins(
    relation text, feature text, is_number boolean, reference tstzrange, current tstzrange, bins int,
    OUT reference_counts float8[], OUT current_counts float8[], OUT kinds bigint, OUT reference_rows bigint,
        OUT current_rows bigint,
    OUT reference_nulls bigint, OUT current_nulls bigint, OUT current_unseen bigint)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format(
        'WITH sample AS MATERIALIZED (SELECT v.%1$I%2$s AS x, v.event_ts <@ $1 AS is_reference FROM %3$s AS v '
        'WHERE v.event_ts <@ $1 OR v.event_ts <@ $2), '
        || CASE WHEN is_number THEN
            -- Inner edges; below the first and above the last is open, so nothing falls out.
            'edges AS (SELECT coalesce(array_agg(DISTINCT e ORDER BY e), ''{}'') AS at FROM (SELECT '
                'unnest(percentile_disc('
            '(SELECT array_agg(i / $3::float8) FROM generate_series(1, $3 - 1) AS i)) WITHIN GROUP (ORDER BY x)) AS e '
            'FROM sample WHERE is_reference) AS q WHERE e IS NOT NULL), '
            'binned AS (SELECT CASE WHEN x IS NULL THEN -1 ELSE width_bucket(x, e.at) END AS bin, is_reference, x '
                'FROM sample, edges AS e)'
        ELSE
            'kept AS (SELECT x, row_number() OVER (ORDER BY count(*) DESC, x) AS place FROM sample '
            'WHERE is_reference AND x IS NOT NULL GROUP BY x), '
            'binned AS (SELECT CASE WHEN s.x IS NULL THEN -1 WHEN k.x IS NULL THEN -2 ELSE least(k.place, $3) END AS '
                'bin, s.is_reference, s.x '
            'FROM sample AS s LEFT JOIN kept AS k ON k.x = s.x)' END
        || ', counted AS (SELECT bin, count(*) FILTER (WHERE is_reference) AS r, count(*) FILTER (WHERE NOT '
            'is_reference) AS c '
        'FROM binned GROUP BY bin) '
        'SELECT array_agg(r::float8 ORDER BY bin), array_agg(c::float8 ORDER BY bin), '
        '(SELECT count(DISTINCT x) FROM binned WHERE is_reference), coalesce(sum(r), 0), coalesce(sum(c), 0), '
        'coalesce(sum(r) FILTER (WHERE bin = -1), 0), coalesce(sum(c) FILTER (WHERE bin = -1), 0), '
        'coalesce(sum(c) FILTER (WHERE bin = -2), 0) FROM counted',
        feature, CASE WHEN is_number THEN '::float8' ELSE '::text' END, relation)
        INTO reference_counts, current_counts, kinds, reference_rows, current_rows, reference_nulls, current_nulls,
            current_unseen
        USING reference, current, bins;
END $$;
COMMENT ON FUNCTION quiver.feature_drift_bins(text, text, boolean, tstzrange, tstzrange, int) IS
    'counts of a feature in both windows, in bins of the reference: quantiles of numbers, the most frequent values '
    'of others';

CREATE FUNCTION quiver.feature_check_bins(bins int) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(bins NOT BETWEEN 2 AND 1000, true) THEN
        PERFORM quiver.feature_invalid(format('bins must be between 2 and 1000, not %s', coalesce(bins::text, 'NULL')));
    END IF;
END $$;
COMMENT ON FUNCTION quiver.feature_check_bins(int) IS 'refuse a number of bins that drift and profiles cannot have';

CREATE FUNCTION quiver.feature_measured(of_version quiver.feature_view_version, features text[])
    RETURNS TABLE (name text, is_number boolean)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM quiver.feature_unknown(format('feature of view "%s"', of_version.view), f,
        (SELECT array_agg(c.name) FROM quiver.feature_column c
        WHERE (c.view, c.version) = (of_version.view, of_version.version) AND c.agg IS NULL))
    FROM unnest(features) AS f WHERE NOT EXISTS (SELECT FROM quiver.feature_column c
        WHERE (c.view, c.version, c.name) = (of_version.view, of_version.version, f) AND c.agg IS NULL);
    RETURN QUERY SELECT c.name, c.type::regtype IN ('int2', 'int4', 'int8', 'float4', 'float8', 'numeric')
        FROM quiver.feature_column c WHERE (c.view, c.version) = (of_version.view, of_version.version) AND c.agg IS NULL
          AND c.name = ANY (coalesce(features, ARRAY[c.name])) ORDER BY c.position;
END $$;
COMMENT ON FUNCTION quiver.feature_measured(quiver.feature_view_version, text[]) IS
    'the features of a view that drift and profiles measure, windows not among them; unknown names are refused (42704)';

CREATE FUNCTION quiver.feature_drift_refusal(reference_rows bigint, current_rows bigint, least_rows int,
    all_null boolean, constant boolean) RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN reference_rows = 0 THEN 'no rows in the reference'
        WHEN current_rows = 0 THEN 'no rows in the current window'
        WHEN least(reference_rows, current_rows) < least_rows THEN format('fewer than %s rows', least_rows)
        WHEN all_null THEN 'only NULL in the reference'
        WHEN constant THEN 'constant in the reference' END
$$;
COMMENT ON FUNCTION quiver.feature_drift_refusal(bigint, bigint, int, boolean, boolean) IS
    'why drift of a feature cannot be told, NULL if it can; all_null and constant are of the reference';

CREATE FUNCTION quiver.feature_drift(
    view text, reference tstzrange, current tstzrange, features text[] DEFAULT NULL, bins int DEFAULT 10,
        least_rows int DEFAULT 30)
    RETURNS TABLE (feature text, metric text, value float8, p_value float8, reference_rows bigint, current_rows bigint,
        reason text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    of_version quiver.feature_view_version := quiver.feature_version_of(view);
    relation text := format('%I.%I', of_version.view_schema, of_version.view_name);
    one record;
    counts record;
    refusal text;
    reference_sample float8[];
    current_sample float8[];
BEGIN
    IF reference && current OR isempty(reference) OR isempty(current) OR reference IS NULL OR current IS NULL THEN
        PERFORM quiver.feature_invalid('reference and current must be windows that do not overlap',
            'A row of both would hide drift.');
    END IF;
    PERFORM quiver.feature_check_bins(bins);
    FOR one IN SELECT * FROM quiver.feature_measured(of_version, features) LOOP
        SELECT * INTO counts FROM quiver.feature_drift_bins(relation, one.name, one.is_number, reference, current,
            bins) AS b;
        refusal := quiver.feature_drift_refusal(counts.reference_rows, counts.current_rows, least_rows,
            counts.kinds = 0, counts.kinds = 1 AND one.is_number);
        reference_rows := counts.reference_rows;
        current_rows := counts.current_rows;
        feature := one.name;
        p_value := NULL;
        reason := refusal;
        metric := 'psi';
        value := CASE WHEN refusal IS NULL THEN quiver.drift_psi(counts.reference_counts, counts.current_counts) END;
        RETURN NEXT;
        metric := 'js';
        value := CASE WHEN refusal IS NULL THEN quiver.drift_js(counts.reference_counts, counts.current_counts) END;
        RETURN NEXT;
        metric := 'chi2';
        value := NULL;
        IF refusal IS NULL THEN
            SELECT t.statistic, t.p_value INTO value, p_value FROM quiver.drift_chi2(counts.reference_counts,
                counts.current_counts) AS t;
            -- Cochran's rule, of the smaller sample's expectations.
            reason := CASE WHEN (SELECT avg((((r + c) * least(reference_rows,
                current_rows) / (reference_rows + current_rows)) < 5)::int) > 0.2
                FROM unnest(counts.reference_counts, counts.current_counts) AS u(r, c))
                    THEN 'more than a fifth of the bins expect fewer than 5 rows' END;
        END IF;
        RETURN NEXT;
        reason := refusal;
        IF one.is_number THEN
            value := NULL;
            p_value := NULL;
            IF refusal IS NULL THEN
                EXECUTE format('SELECT array_agg(v.%1$I::float8) FILTER (WHERE v.event_ts <@ $1) AS r, '
                    'array_agg(v.%1$I::float8) FILTER (WHERE v.event_ts <@ $2) AS c FROM %2$s AS v WHERE v.event_ts '
                        '<@ $1 OR v.event_ts <@ $2',
                    one.name, relation) INTO reference_sample, current_sample USING reference, current;
                SELECT t.statistic, t.p_value INTO value, p_value
                FROM quiver.drift_ks(reference_sample, current_sample) AS t;
            END IF;
            metric := 'ks';
            RETURN NEXT;
            metric := 'wasserstein';
            value := CASE WHEN refusal IS NULL THEN quiver.drift_wasserstein(reference_sample, current_sample) END;
            p_value := NULL;
            RETURN NEXT;
        ELSE
            metric := 'unseen_rate';
            value := CASE WHEN refusal IS NULL THEN counts.current_unseen::float8 / counts.current_rows END;
            p_value := NULL;
            RETURN NEXT;
        END IF;
        metric := 'null_rate';
        p_value := NULL;
        reason := CASE WHEN reference_rows = 0 OR current_rows = 0 THEN refusal END;
        value := counts.current_nulls::float8 / nullif(current_rows,
            0) - counts.reference_nulls::float8 / nullif(reference_rows, 0);
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_drift(text, tstzrange, tstzrange, text[], int, int) IS
    'drift of each feature from a reference to a current window: psi, js, chi2, ks, wasserstein or unseen_rate, '
    'null_rate; NULL with a reason where none can be told';
