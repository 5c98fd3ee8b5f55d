-- Who may change the feature catalogue, and what may not be changed at all.
CREATE FUNCTION quiver.feature_guard() RETURNS trigger
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_table_owner boolean := pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE');
BEGIN
    -- A role that is gone, as after a restore elsewhere, leaves its definitions to the extension's owner.
    IF NOT is_table_owner AND NOT coalesce(pg_has_role(to_regrole(quote_ident(OLD.owner)), 'USAGE'), false) THEN
        RAISE EXCEPTION USING ERRCODE = '42501',
            MESSAGE = format('must be owner of %s', replace(TG_TABLE_NAME, '_', ' ')),
            DETAIL = format('It belongs to role %I.', OLD.owner);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    -- The trigger's arguments are the columns that may change.
    IF to_jsonb(NEW) - TG_ARGV::text[] IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV::text[] THEN
        RAISE EXCEPTION USING ERRCODE = '55006',
            MESSAGE = format('%s is immutable', replace(TG_TABLE_NAME, '_', ' ')),
            HINT = 'Define it again with replace => true: that makes a new version.';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION quiver.feature_guard() IS
    'trigger: only owners change definitions, and of versions nothing changes';

CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON quiver.feature_entity
    FOR EACH ROW EXECUTE FUNCTION quiver.feature_guard('description', 'tags', 'owner');
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON quiver.feature_view
    FOR EACH ROW EXECUTE FUNCTION quiver.feature_guard('active', 'description', 'tags', 'owner');
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON quiver.feature_view_version
    FOR EACH ROW EXECUTE FUNCTION quiver.feature_guard('online_table', 'owner');
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON quiver.feature_service
    FOR EACH ROW EXECUTE FUNCTION quiver.feature_guard('active', 'description', 'tags', 'owner');
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON quiver.feature_service_version
    FOR EACH ROW EXECUTE FUNCTION quiver.feature_guard('owner');

-- Children of versions have no owner of their own; they never change, and go with their parent. The
-- arguments are the parent's table and its key columns.
CREATE FUNCTION quiver.feature_refuse_change() RETURNS trigger
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent_is_there boolean := true;
BEGIN
    IF TG_OP = 'DELETE' AND TG_NARGS = 2 THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM quiver.%I AS p WHERE (p.%I, p.version) = ($1, $2))', TG_ARGV[0],
            TG_ARGV[1])
            INTO parent_is_there USING to_jsonb(OLD) ->> TG_ARGV[1], (to_jsonb(OLD) ->> 'version')::int;
    END IF;
    IF NOT parent_is_there THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION USING ERRCODE = '55006',
        MESSAGE = format('rows of %I.%I do not change', TG_TABLE_SCHEMA, TG_TABLE_NAME),
        HINT = 'A correction is a new row; a change of a definition is a new version.';
END $$;
COMMENT ON FUNCTION quiver.feature_refuse_change() IS 'trigger: rows of histories and of versions are never changed';

CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON quiver.feature_column
    FOR EACH ROW EXECUTE FUNCTION quiver.feature_refuse_change('feature_view_version', 'view');
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON quiver.feature_service_member
    FOR EACH ROW EXECUTE FUNCTION quiver.feature_refuse_change('feature_service_version', 'service');
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON quiver.feature_transform
    FOR EACH ROW EXECUTE FUNCTION quiver.feature_refuse_change('feature_service_version', 'service');

-- Every catalogue table of the area, so that a grant misses none.
CREATE FUNCTION quiver.feature_catalogue() RETURNS SETOF regclass
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.oid::regclass
    FROM pg_class c
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    WHERE c.relnamespace = 'quiver'::regnamespace AND c.relkind = 'r' AND c.relname LIKE 'feature\_%'
    ORDER BY c.relname
$$;
COMMENT ON FUNCTION quiver.feature_catalogue() IS 'the tables that hold definitions and records of the feature store';

CREATE FUNCTION quiver.feature_grant_author(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT quiver.feature_catalogue() LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %s', part, role);
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_grant_author(regrole) IS
    'let a role define features and services and record datasets; each author changes only what is theirs';

CREATE FUNCTION quiver.feature_revoke_author(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT quiver.feature_catalogue() LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s FROM %s', part, role);
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_revoke_author(regrole) IS 'take back what quiver.feature_grant_author gave';

-- The tables' privileges decide; this says what is missing before any work is done.
CREATE FUNCTION quiver.feature_check_author() RETURNS void
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT has_table_privilege('quiver.feature_entity', 'INSERT') THEN
        PERFORM quiver.feature_invalid(format('role "%s" is not an author of the feature store', current_user),
            format('Its owner makes it one: SELECT quiver.feature_grant_author(%L).', current_user), '42501');
    END IF;
END $$;
COMMENT ON FUNCTION quiver.feature_check_author() IS
    'refuse (42501) a role that may not write definitions, profiles and datasets; quiver.feature_grant_author lets it';
