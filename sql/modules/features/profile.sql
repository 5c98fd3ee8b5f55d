-- Profiles: what the features of a view were like in a window, so that later windows are compared without the old rows.
CREATE TABLE quiver.feature_profile (
    view            text,
    version         int,
    profile         text,
    feature         text,
    is_number       boolean NOT NULL,
    during          tstzrange NOT NULL,
    -- Inner edges of bins, of a number; the most frequent values, most frequent first, of another.
    edges           float8[],
    labels          text[],
    -- NULLs, then each bin or label, then, of labels, the rows that have none of them.
    counts          float8[] NOT NULL,
    quantiles       bytea,
    distinct_values bytea,
    made_at         timestamptz NOT NULL DEFAULT now(),
    owner           name NOT NULL DEFAULT current_user,
    PRIMARY KEY (view, version, profile, feature),
    FOREIGN KEY (view, version) REFERENCES quiver.feature_view_version ON DELETE CASCADE
);
COMMENT ON TABLE quiver.feature_profile IS
    'stored profiles of feature views: counts in bins and mergeable sketches of each feature in a window of event time';
SELECT pg_catalog.pg_extension_config_dump('quiver.feature_profile', '');
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON quiver.feature_profile
    FOR EACH ROW EXECUTE FUNCTION quiver.feature_guard('owner');

CREATE FUNCTION quiver.feature_profile_counts(relation text, feature text, edges float8[], labels text[],
    during tstzrange) RETURNS float8[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts float8[];
BEGIN
    EXECUTE format('WITH binned AS (' || CASE WHEN edges IS NOT NULL THEN
            'SELECT CASE WHEN v.%1$I IS NULL THEN 0 ELSE 1 + width_bucket(v.%1$I::float8, $1) END AS bin, '
            'count(*) AS n '
            'FROM %2$s AS v WHERE v.event_ts <@ $3 GROUP BY 1'
        ELSE
            'SELECT CASE WHEN s.x IS NULL THEN 0 ELSE coalesce(l.place, cardinality($2) + 1) END AS bin, '
            'sum(s.n) AS n '
            'FROM (SELECT v.%1$I::text AS x, count(*) AS n FROM %2$s AS v WHERE v.event_ts <@ $3 GROUP BY 1) AS s '
            'LEFT JOIN unnest($2) WITH ORDINALITY AS l(label, place) ON l.label = s.x GROUP BY 1'
        END || ') SELECT array_agg(coalesce(b.n, 0)::float8 ORDER BY p.bin) '
        'FROM generate_series(0, 1 + coalesce(cardinality($1), cardinality($2))) AS p(bin) '
        'LEFT JOIN binned AS b ON b.bin = p.bin',
        feature, relation) INTO counts USING edges, labels, during;
    RETURN counts;
END $$;
COMMENT ON FUNCTION quiver.feature_profile_counts(text, text, float8[], text[], tstzrange) IS
    'rows of a window in the bins of a profile: NULLs, each bin or label, rows of no label';

CREATE FUNCTION quiver.feature_create_profile(view text, profile text, during tstzrange DEFAULT '(,)',
    features text[] DEFAULT NULL, bins int DEFAULT 10) RETURNS int
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    of_version quiver.feature_view_version := quiver.feature_version_of(view);
    relation text := format('%I.%I', of_version.view_schema, of_version.view_name);
    one record;
    made quiver.feature_profile;
    profiled int := 0;
BEGIN
    PERFORM quiver.feature_check_author();
    PERFORM quiver.feature_check_name('a profile', profile);
    IF during IS NULL OR isempty(during) THEN
        PERFORM quiver.feature_invalid('the window of a profile must not be empty');
    ELSIF EXISTS (SELECT FROM quiver.feature_profile p WHERE (p.view, p.version, p.profile) = (of_version.view,
        of_version.version, profile)) THEN
        PERFORM quiver.feature_invalid(format('profile "%s" of feature view "%s" already exists', profile, view),
            'Drop it first with quiver.feature_drop_profile.', '42710');
    END IF;
    PERFORM quiver.feature_check_bins(bins);
    FOR one IN SELECT * FROM quiver.feature_measured(of_version, features) LOOP
        made := NULL;
        IF one.is_number THEN
            EXECUTE format('SELECT (SELECT coalesce(array_agg(DISTINCT e ORDER BY e), ''{}'') FROM '
                'unnest(q.cuts) AS e WHERE e IS NOT NULL), q.quantiles, q.kinds FROM (SELECT percentile_disc((SELECT '
                'array_agg(i / $2::float8) FROM generate_series(1, $2 - 1) AS i)) WITHIN GROUP (ORDER BY '
                'v.%1$I::float8) '
                'AS cuts, quiver.quantile_sketch(v.%1$I::float8) AS quantiles, quiver.distinct_sketch(v.%1$I) AS kinds '
                'FROM %2$s AS v WHERE v.event_ts <@ $1) AS q', one.name, relation)
                INTO made.edges, made.quantiles, made.distinct_values USING during, bins;
        ELSE
            -- A thousand labels tell what is new; the metrics take the most frequent of them.
            EXECUTE format('SELECT coalesce(array_agg(k.x ORDER BY k.n DESC, k.x) FILTER (WHERE k.place <= 1000), '
                '''{}''), quiver.distinct_sketch(k.x) FROM (SELECT v.%1$I::text AS x, count(*) AS n, row_number() OVER '
                '(ORDER BY count(*) DESC, v.%1$I::text) AS place FROM %2$s AS v WHERE v.event_ts <@ $1 '
                'AND v.%1$I IS NOT NULL '
                'GROUP BY 1, v.%1$I::text) AS k', one.name, relation)
                INTO made.labels, made.distinct_values USING during;
        END IF;
        INSERT INTO quiver.feature_profile (view, version, profile, feature, is_number, during, edges, labels, counts,
            quantiles, distinct_values)
        VALUES (of_version.view, of_version.version, profile, one.name, one.is_number, during, made.edges, made.labels,
            quiver.feature_profile_counts(relation, one.name, made.edges, made.labels, during), made.quantiles,
            made.distinct_values);
        profiled := profiled + 1;
    END LOOP;
    RETURN profiled;
END $$;
COMMENT ON FUNCTION quiver.feature_create_profile(text, text, tstzrange, text[], int) IS
    'keep what features of a view are like in a window of event time, for quiver.feature_drift_from; returns how many';

CREATE FUNCTION quiver.feature_drop_profile(view text, profile text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    DELETE FROM quiver.feature_profile p WHERE p.view = view AND p.profile = profile;
    IF NOT FOUND THEN
        PERFORM quiver.feature_unknown(format('profile of feature view "%s"', view), profile,
            (SELECT array_agg(DISTINCT p.profile) FROM quiver.feature_profile p WHERE p.view = view));
    END IF;
END $$;
COMMENT ON FUNCTION quiver.feature_drop_profile(text, text) IS 'drop a profile of a feature view, of all its versions';

-- Counts of a profile in few bins: NULLs, the bins or the most frequent labels, the other labels, what has none.
CREATE FUNCTION quiver.feature_profile_bins(counts float8[], is_number boolean, bins int) RETURNS float8[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(b.n ORDER BY b.bin) FROM (SELECT CASE WHEN is_number OR c.place <= bins THEN c.place
        WHEN c.place < cardinality(counts) THEN bins + 1 ELSE cardinality(counts) END AS bin, sum(c.n) AS n
        FROM unnest(counts) WITH ORDINALITY AS c(n, place) GROUP BY 1) AS b
$$;
COMMENT ON FUNCTION quiver.feature_profile_bins(float8[], boolean, int) IS
    'counts of a profile, in as many bins as metrics can use';

CREATE FUNCTION quiver.feature_drift_from(view text, profile text, current tstzrange, features text[] DEFAULT NULL,
    bins int DEFAULT 10, least_rows int DEFAULT 30)
    RETURNS TABLE (feature text, metric text, value float8, p_value float8, reference_rows bigint, current_rows bigint,
        reason text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    of_version quiver.feature_view_version;
    relation text;
    stored quiver.feature_profile;
    counts float8[];
    was float8[];
    now_is float8[];
    was_null float8;
    is_null float8;
    sketch bytea;
    refusal text;
BEGIN
    PERFORM quiver.feature_version_of(view);
    -- The newest version that has the profile: what it says is of that version's features.
    SELECT v.* INTO of_version FROM quiver.feature_view_version v WHERE v.view = feature_drift_from.view AND EXISTS (
        SELECT FROM quiver.feature_profile p WHERE (p.view, p.version, p.profile) = (v.view, v.version,
            feature_drift_from.profile)) ORDER BY v.version DESC LIMIT 1;
    IF NOT FOUND THEN
        PERFORM quiver.feature_unknown(format('profile of feature view "%s"', view), profile,
            (SELECT array_agg(DISTINCT p.profile) FROM quiver.feature_profile p
            WHERE p.view = feature_drift_from.view));
    ELSIF current IS NULL OR isempty(current) THEN
        PERFORM quiver.feature_invalid('the current window must not be empty');
    END IF;
    PERFORM quiver.feature_check_bins(bins);
    PERFORM quiver.feature_unknown(format('feature of profile "%s"', profile), f, (SELECT array_agg(p.feature)
        FROM quiver.feature_profile p WHERE (p.view, p.version, p.profile) = (of_version.view, of_version.version,
            feature_drift_from.profile)))
    FROM unnest(features) AS f WHERE NOT EXISTS (SELECT FROM quiver.feature_profile p
        WHERE (p.view, p.version, p.profile, p.feature) = (of_version.view, of_version.version,
            feature_drift_from.profile, f));
    relation := format('%I.%I', of_version.view_schema, of_version.view_name);
    FOR stored IN SELECT p.* FROM quiver.feature_profile p JOIN quiver.feature_column c ON (c.view, c.version, c.name) =
            (p.view, p.version, p.feature)
        WHERE (p.view, p.version, p.profile) = (of_version.view, of_version.version, feature_drift_from.profile)
          AND p.feature = ANY (coalesce(features, ARRAY[p.feature])) ORDER BY c.position
    LOOP
        IF stored.during && current THEN
            PERFORM quiver.feature_invalid(format('the current window overlaps that of profile "%s"', profile),
                'A row of both would hide drift.', '22023', format('The profile is of %s.', stored.during));
        END IF;
        counts := quiver.feature_profile_counts(relation, stored.feature, stored.edges, stored.labels, current);
        was := quiver.feature_profile_bins(stored.counts, stored.is_number, bins);
        now_is := quiver.feature_profile_bins(counts, stored.is_number, bins);
        feature := stored.feature;
        reference_rows := (SELECT sum(n) FROM unnest(was) AS n);
        current_rows := (SELECT sum(n) FROM unnest(now_is) AS n);
        was_null := was[1];
        is_null := now_is[1];
        SELECT array_agg(b.r ORDER BY b.place), array_agg(b.c ORDER BY b.place) INTO was, now_is
        FROM unnest(was, now_is) WITH ORDINALITY AS b(r, c, place) WHERE b.r + b.c > 0;
        refusal := quiver.feature_drift_refusal(reference_rows, current_rows, least_rows, reference_rows = was_null,
            stored.is_number AND quiver.sketch_quantile(stored.quantiles, 0) = quiver.sketch_quantile(
                stored.quantiles, 1));
        p_value := NULL;
        reason := refusal;
        metric := 'psi';
        value := CASE WHEN refusal IS NULL THEN quiver.drift_psi(was, now_is) END;
        RETURN NEXT;
        metric := 'js';
        value := CASE WHEN refusal IS NULL THEN quiver.drift_js(was, now_is) END;
        RETURN NEXT;
        metric := 'chi2';
        value := NULL;
        IF refusal IS NULL THEN
            SELECT t.statistic, t.p_value INTO value, p_value FROM quiver.drift_chi2(was, now_is) AS t;
        END IF;
        RETURN NEXT;
        p_value := NULL;
        IF stored.is_number THEN
            sketch := NULL;
            IF refusal IS NULL THEN
                EXECUTE format('SELECT quiver.quantile_sketch(v.%I::float8) FROM %s AS v WHERE v.event_ts <@ $1',
                    stored.feature, relation) INTO sketch USING current;
                reason := CASE WHEN sketch IS NULL THEN 'only NULL in the current window' END;
            END IF;
            metric := 'ks';
            value := (SELECT max(abs(quiver.sketch_rank(stored.quantiles, x) - quiver.sketch_rank(sketch, x)))
                FROM generate_series(0, 200) AS i, LATERAL (VALUES
                    (quiver.sketch_quantile(stored.quantiles, i / 200.0)),
                    (quiver.sketch_quantile(sketch, i / 200.0))) AS at(x) WHERE sketch IS NOT NULL);
            RETURN NEXT;
            metric := 'wasserstein';
            value := (SELECT avg(abs(quiver.sketch_quantile(stored.quantiles, (i + 0.5) / 400) -
                quiver.sketch_quantile(sketch, (i + 0.5) / 400)))
                FROM generate_series(0, 399) AS i WHERE sketch IS NOT NULL);
            RETURN NEXT;
        ELSE
            -- Of more kinds than were kept, nobody can tell which are new.
            metric := 'unseen_rate';
            reason := coalesce(refusal, CASE WHEN stored.counts[cardinality(stored.counts)] > 0 THEN
                'more kinds in the reference than a profile keeps' END);
            value := CASE WHEN reason IS NULL THEN counts[cardinality(counts)] / current_rows END;
            RETURN NEXT;
        END IF;
        metric := 'null_rate';
        reason := CASE WHEN reference_rows = 0 OR current_rows = 0 THEN refusal END;
        value := is_null / nullif(current_rows, 0) - was_null / nullif(reference_rows, 0);
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_drift_from(text, text, tstzrange, text[], int, int) IS
    'drift of each feature from a stored profile to a window, without the rows of then; ks, wasserstein from sketches';
