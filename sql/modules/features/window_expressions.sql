-- Sliding windows: the aggregates that there are, as SQL over the rows of a window.
CREATE FUNCTION quiver.feature_window_aggregates() RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY['count', 'sum', 'avg', 'min', 'max', 'stddev', 'variance', 'distinct', 'percentile',
        'percentile_sketch', 'first', 'last', 'top_k']
$$;
COMMENT ON FUNCTION quiver.feature_window_aggregates() IS 'names of the aggregates that a window feature may have';

-- The aggregate over the window's rows: `input` is the column, `condition` what selects them further, or NULL.
CREATE FUNCTION quiver.feature_window_aggregate(agg text, argument float8, input text, condition text,
    newest_first text)
    RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(CASE WHEN agg IN ('first', 'last') THEN '(%s)[1]' ELSE '%s' END, CASE
        WHEN agg = 'count' THEN format('count(%s)', coalesce(input, '*'))
        WHEN agg = 'stddev' THEN format('stddev_samp(%s)', input)
        WHEN agg = 'variance' THEN format('var_samp(%s)', input)
        WHEN agg = 'distinct' THEN format('count(DISTINCT %s)', input)
        WHEN agg = 'percentile' THEN format('percentile_cont(%L::float8) WITHIN GROUP (ORDER BY %s)', argument, input)
        WHEN agg = 'percentile_sketch' THEN format('quiver.quantile_sketch(%s)', input)
        WHEN agg = 'first' THEN format('array_agg(%s ORDER BY %s)', input,
            replace(replace(newest_first, ' DESC NULLS LAST',
            ' ASC NULLS FIRST'), ' DESC', ' ASC'))
        WHEN agg = 'last' THEN format('array_agg(%s ORDER BY %s)', input, newest_first)
        WHEN agg = 'top_k' THEN format('array_agg(%s)', input)
        ELSE format('%s(%s)', agg, input)
    END || coalesce(' FILTER (WHERE ' || CASE WHEN agg IN ('first', 'last', 'top_k')
        THEN concat_ws(' AND ', condition, format('%s IS NOT NULL', input)) ELSE condition END || ')', ''))
$$;
COMMENT ON FUNCTION quiver.feature_window_aggregate(text, float8, text, text, text) IS
    'SQL of a window feature''s aggregate; see quiver.feature_window_result for what is made of it';

-- What the aggregate's value becomes: of bags the most frequent values, of sketches a quantile.
CREATE FUNCTION quiver.feature_window_result(agg text, argument float8, value text) RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN agg = 'top_k' THEN format('(SELECT array_agg(k.value ORDER BY k.n DESC, k.value) FROM (SELECT u.value, '
            'count(*) AS n '
            'FROM unnest(%s) AS u(value) GROUP BY u.value ORDER BY n DESC, u.value LIMIT %s) AS k)', value,
                argument::int)
        WHEN agg = 'percentile_sketch' THEN format('quiver.sketch_quantile(%s, %L::float8)', value, argument)
        ELSE value
    END
$$;
COMMENT ON FUNCTION quiver.feature_window_result(text, float8, text) IS
    'SQL of a window feature, given its aggregate''s value';

CREATE FUNCTION quiver.feature_exact_interval(width interval, what text) RETURNS interval
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF width IS NULL THEN
        RETURN NULL;
    ELSIF extract(year FROM width) <> 0 OR extract(month FROM width) <> 0 THEN
        PERFORM quiver.feature_invalid(format('%s must not have months or years: %s', what, width),
            'Months differ in length; give days or hours.');
    ELSIF width <= '0' THEN
        PERFORM quiver.feature_invalid(format('%s must be positive: %s', what, width), 'Leave it out for no limit.');
    END IF;
    -- A day is 24 hours, whatever the time zone does that day.
    RETURN make_interval(hours => (extract(day FROM width) * 24)::int) + (width - make_interval(days => extract(day
        FROM width)::int));
END $$;
COMMENT ON FUNCTION quiver.feature_exact_interval(interval, text) IS
    'an interval as absolute time, a day being 24 hours; months, and what is not positive, are refused (22023)';

-- windows jsonb, checked and completed: {name, agg, column, argument, width, bound}.
CREATE FUNCTION quiver.feature_check_windows(windows jsonb) RETURNS SETOF jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item jsonb;
    agg text;
    argument float8;
    width interval;
    unknown_field text;
BEGIN
    IF windows IS NULL THEN
        RETURN;
    ELSIF jsonb_typeof(windows) <> 'array' THEN
        PERFORM quiver.feature_invalid('windows must be a JSON array',
            'For example [{"name": "spent_7d", "agg": "sum", "column": "amount", "window": "7 days"}].');
    END IF;
    FOR item IN SELECT * FROM jsonb_array_elements(windows) LOOP
        PERFORM quiver.feature_check_name('a window', item ->> 'name');
        SELECT k INTO unknown_field FROM jsonb_object_keys(item) AS k
        WHERE k NOT IN ('name', 'agg', 'column', 'window', 'bound', 'argument');
        IF FOUND THEN
            PERFORM quiver.feature_unknown('field of a window', unknown_field,
                '{name,agg,column,window,bound,argument}');
        END IF;
        agg := item ->> 'agg';
        IF agg IS NULL OR agg <> ALL (quiver.feature_window_aggregates()) THEN
            PERFORM quiver.feature_unknown('window aggregate', coalesce(agg, ''), quiver.feature_window_aggregates());
        END IF;
        BEGIN
            argument := (item ->> 'argument')::float8;
            width := (item ->> 'window')::interval;
        EXCEPTION WHEN invalid_text_representation OR invalid_datetime_format OR datetime_field_overflow
            OR numeric_value_out_of_range OR interval_field_overflow THEN
            PERFORM quiver.feature_invalid(format('window "%s": %s', item ->> 'name', sqlerrm),
                'For example "window": "7 days", "argument": 0.5.');
        END;
        IF item ->> 'column' IS NULL AND agg <> 'count' THEN
            PERFORM quiver.feature_invalid(format('window "%s" needs a column to compute %s of', item ->> 'name', agg));
        ELSIF item ->> 'window' IS NULL THEN
            PERFORM quiver.feature_invalid(format('window "%s" has no width', item ->> 'name'),
                'For example "window": "7 days".');
        ELSIF agg IN ('percentile', 'percentile_sketch') AND coalesce(argument NOT BETWEEN 0 AND 1, true) THEN
            PERFORM quiver.feature_invalid(format('window "%s" needs an argument between 0 and 1, the fraction',
                item ->> 'name'));
        ELSIF agg = 'top_k' AND coalesce(argument NOT BETWEEN 1 AND 1000 OR argument <> trunc(argument), true) THEN
            PERFORM quiver.feature_invalid(format('window "%s" needs an argument from 1 to 1000, how many values',
                item ->> 'name'));
        ELSIF coalesce(item ->> 'bound', '[)') NOT IN ('[)', '(]') THEN
            PERFORM quiver.feature_invalid(format('window "%s" has an unknown bound: %s', item ->> 'name',
                item ->> 'bound'),
                'Use "[)", from t - window to before t, or "(]", after t - window to t.');
        END IF;
        RETURN NEXT jsonb_build_object('name', item ->> 'name', 'agg', agg, 'column', item ->> 'column', 'argument',
            argument,
            'bound', coalesce(item ->> 'bound', '[)'),
            'width', quiver.feature_exact_interval(width,
                format('window "%s"', item ->> 'name')));
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_check_windows(jsonb) IS
    'the windows of a definition, one a row, checked and completed';
