-- Validation rules: boolean expressions over the columns of a view, checked when rows are pushed and on demand.
CREATE FUNCTION quiver.feature_define_rule(view text, name text, expression text, mode text, path text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    of_version quiver.feature_view_version := quiver.feature_version_of(view);
    columns text[];
    types text[];
    made record;
BEGIN
    PERFORM quiver.feature_check_author();
    PERFORM quiver.feature_check_name('a rule', name, 30);
    IF coalesce(mode NOT IN ('block', 'quarantine', 'warn'), true) THEN
        PERFORM quiver.feature_invalid(format('mode must be "block", "quarantine" or "warn", not "%s"', mode));
    ELSIF EXISTS (SELECT FROM quiver.feature_rule r WHERE r.view = view AND r.name = name) THEN
        PERFORM quiver.feature_invalid(format('rule "%s" of feature view "%s" already exists', name, view),
            'Drop it first with quiver.feature_drop_rule.', '42710');
    END IF;
    columns := of_version.keys || 'event_ts'::text || ARRAY(SELECT c.name FROM quiver.feature_column c
        WHERE (c.view, c.version) = (of_version.view, of_version.version) AND c.agg IS NULL ORDER BY c.position);
    types := of_version.key_types || 'timestamptz'::text || ARRAY(SELECT c.type FROM quiver.feature_column c
        WHERE (c.view, c.version) = (of_version.view, of_version.version) AND c.agg IS NULL ORDER BY c.position);
    SELECT * INTO made FROM quiver.feature_make_expression(format('rule "%s"', name), of_version.view_schema,
        format('%s_rule_%s', view, name),
        expression, columns, types, path);
    IF made.type <> 'boolean' THEN
        PERFORM quiver.feature_invalid(format('rule "%s" is %s, not boolean', name, made.type), NULL, '42804');
    END IF;
    INSERT INTO quiver.feature_rule (view, name, expression, mode, function, arguments)
    VALUES (of_version.view, name, expression, mode, made.function, made.arguments);
END $$;
COMMENT ON FUNCTION quiver.feature_define_rule(text, text, text, text, text) IS
    'what quiver.feature_create_rule does, given the caller''s search_path';

CREATE FUNCTION quiver.feature_create_rule(view text, name text, expression text, mode text DEFAULT 'block')
    RETURNS void
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    BEGIN ATOMIC
        SELECT quiver.feature_define_rule(view, name, expression, mode, pg_catalog.current_setting('search_path'));
    END;
COMMENT ON FUNCTION quiver.feature_create_rule(text, text, text, text) IS
    'what rows of a view must satisfy, NULL counting as true; a push that fails is refused (block), set aside '
    '(quarantine) or counted (warn)';

CREATE FUNCTION quiver.feature_drop_rule(view text, name text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    made text;
BEGIN
    DELETE FROM quiver.feature_rule r WHERE r.view = view AND r.name = name RETURNING r.function INTO made;
    IF made IS NULL THEN
        PERFORM quiver.feature_unknown(format('rule of feature view "%s"', view), name,
            (SELECT array_agg(r.name ORDER BY r.name) FROM quiver.feature_rule r WHERE r.view = view));
    END IF;
    EXECUTE format('DROP FUNCTION IF EXISTS %s', made);
END $$;
COMMENT ON FUNCTION quiver.feature_drop_rule(text, text) IS 'drop a rule of a view, with its function';

CREATE FUNCTION quiver.feature_validate(view text, from_ts timestamptz DEFAULT '-infinity',
    to_ts timestamptz DEFAULT 'infinity')
    RETURNS TABLE (rule text, mode text, rows bigint, failed bigint)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    of_version quiver.feature_view_version := quiver.feature_version_of(view);
    one quiver.feature_rule;
BEGIN
    FOR one IN SELECT * FROM quiver.feature_rule r WHERE r.view = of_version.view ORDER BY r.name LOOP
        rule := one.name;
        mode := one.mode;
        EXECUTE format('SELECT count(*), count(*) FILTER (WHERE NOT %s(%s)) FROM %I.%I AS i WHERE i.event_ts BETWEEN '
            '$1 AND $2',
            one.function, (SELECT string_agg(format('i.%I', a), ', ' ORDER BY n)
                FROM unnest(one.arguments) WITH ORDINALITY AS u(a, n)),
            of_version.view_schema, of_version.view_name) INTO rows, failed USING from_ts, to_ts;
        IF failed > 0 THEN
            INSERT INTO quiver.feature_rule_result (view, rule, mode, rows, failed) VALUES (of_version.view, one.name,
                one.mode, rows, failed);
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_validate(text, timestamptz, timestamptz) IS
    'check stored rows of a view against its rules; rules that fail are recorded in quiver.feature_rule_result';
