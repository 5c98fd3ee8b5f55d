-- Dropping versions of views and services, unless something that has to stay reproducible uses them.
CREATE FUNCTION quiver.feature_drop_service(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one record;
    users text[];
BEGIN
    PERFORM quiver.feature_service_of(name);
    SELECT array_agg(d.name ORDER BY d.name) INTO users FROM quiver.feature_dataset d
        WHERE d.service = feature_drop_service.name;
    IF users IS NOT NULL THEN
        PERFORM quiver.feature_invalid(format('feature service "%s" is used by datasets', name),
            'Drop the datasets first.', '55006',
            format('Datasets: %s.', array_to_string(users, ', ')));
    END IF;
    FOR one IN SELECT t.function FROM quiver.feature_transform t WHERE t.service = feature_drop_service.name
        ORDER BY t.version, t.position LOOP
        EXECUTE format('DROP FUNCTION IF EXISTS %s', one.function);
    END LOOP;
    FOR one IN SELECT p.* FROM quiver.feature_precomputed p WHERE p.service = feature_drop_service.name LOOP
        EXECUTE format('DROP TABLE IF EXISTS %I.%I', one.table_schema, one.table_name);
    END LOOP;
    DELETE FROM quiver.feature_service s WHERE s.name = feature_drop_service.name;
END $$;
COMMENT ON FUNCTION quiver.feature_drop_service(text) IS
    'drop a service with all versions and transforms, unless a dataset uses it (55006)';

CREATE FUNCTION quiver.feature_drop_view(name text, version int DEFAULT NULL, drop_history boolean DEFAULT false)
    RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_view quiver.feature_view;
    one quiver.feature_view_version;
    users text[];
BEGIN
    PERFORM quiver.feature_version_of(name, version);
    SELECT * INTO of_view FROM quiver.feature_view v WHERE v.name = feature_drop_view.name;
    IF version = of_view.active AND (SELECT count(*) > 1 FROM quiver.feature_view_version v
        WHERE v.view = of_view.name) THEN
        PERFORM quiver.feature_invalid(format('version %s of feature view "%s" is the active one', version, name),
            'Activate another with quiver.feature_activate first, or drop the whole view.', '55006');
    END IF;
    SELECT array_agg(DISTINCT u.what) INTO users FROM (
        SELECT format('service %s@%s', m.service, m.version) FROM quiver.feature_service_member m
        WHERE m.view = of_view.name AND m.view_version = coalesce(feature_drop_view.version, m.view_version)
        UNION ALL SELECT format('dataset %s', d.dataset) FROM quiver.feature_dataset_member d
        WHERE d.view = of_view.name AND d.version = coalesce(feature_drop_view.version, d.version)) AS u(what);
    IF users IS NOT NULL THEN
        PERFORM quiver.feature_invalid(format('feature view "%s" is in use', name),
            'Make a new version instead, or drop its users first.',
            '55006', format('Used by %s.', array_to_string(users, ', ')));
    END IF;
    FOR one IN SELECT * FROM quiver.feature_view_version v
        WHERE v.view = of_view.name AND v.version = coalesce(feature_drop_view.version, v.version)
            ORDER BY v.version DESC
    LOOP
        EXECUTE format('DROP VIEW IF EXISTS %I.%I', one.view_schema, one.view_name);
        IF one.online_table IS NOT NULL THEN
            EXECUTE format('DROP TABLE IF EXISTS %I.%I', one.view_schema, one.online_table);
        END IF;
        DELETE FROM quiver.feature_view_version v WHERE (v.view, v.version) = (one.view, one.version);
    END LOOP;
    IF NOT EXISTS (SELECT FROM quiver.feature_view_version v WHERE v.view = of_view.name) THEN
        IF of_view.managed AND drop_history THEN
            EXECUTE format('DROP TABLE IF EXISTS %I.%I', of_view.history_schema, of_view.history_table);
        END IF;
        PERFORM quiver.feature_drop_rule(r.view, r.name) FROM quiver.feature_rule r WHERE r.view = of_view.name;
        DELETE FROM quiver.feature_view v WHERE v.name = of_view.name;
    END IF;
END $$;
COMMENT ON FUNCTION quiver.feature_drop_view(text, int, boolean) IS
    'drop a version of a feature view, or all; refused if a service or dataset uses it (55006); a history is kept '
    'unless drop_history';

CREATE FUNCTION quiver.feature_activate(view text, version int) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM quiver.feature_version_of(view, version);
    UPDATE quiver.feature_view v SET active = feature_activate.version WHERE v.name = view;
END $$;
COMMENT ON FUNCTION quiver.feature_activate(text, int) IS
    'make a version the active one, that references without a version mean; services stay with the versions that '
    'they pinned';
