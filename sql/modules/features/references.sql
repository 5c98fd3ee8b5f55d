-- References to features, as services and requests write them:
-- view[@version][ as alias][(key=column, …)][:feature|*].
CREATE FUNCTION quiver.feature_parse_reference(reference text)
    RETURNS TABLE (view text, version int, alias text, key_map jsonb, feature text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text[] := regexp_match(reference,
        '^\s*([a-z_][a-z0-9_]*)(?:@v?(\d{1,9}))?(?:\s+as\s+([a-z_][a-z0-9_]*))?\s*'
        '(?:\(([^()]*)\))?\s*(?::\s*([a-z_][a-z0-9_]*|\*))?\s*$');
BEGIN
    IF part IS NULL THEN
        PERFORM quiver.feature_invalid(format('"%s" is no reference to a feature', reference),
            'Write view:feature, view:*, view@2:feature or view as alias(key=column):feature.', '42601');
    END IF;
    view := part[1];
    version := part[2]::int;
    alias := coalesce(part[3], part[1]);
    feature := coalesce(part[5], '*');
    SELECT coalesce(jsonb_object_agg(btrim(split_part(p, '=', 1)), btrim(split_part(p, '=', 2))), '{}') INTO key_map
    FROM regexp_split_to_table(nullif(btrim(part[4]), ''), ',') AS p;
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION quiver.feature_parse_reference(text) IS 'the parts of a reference to features; 42601 if it is none';

CREATE TYPE quiver.feature_member AS (
    view       text,
    version    int,
    alias      text,
    keys       text[],
    spine_keys text[],
    features   text[],
    outputs    text[]
);
COMMENT ON TYPE quiver.feature_member IS
    'features of one version of a view under one alias: its keys, the spine''s columns for them, features and output '
    'names';

-- What a list of references asks for, a row a view and alias, in the order of first mention.
CREATE FUNCTION quiver.feature_resolve(refs text[], key_map jsonb, full_names boolean)
    RETURNS SETOF quiver.feature_member
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wrong record;
    found_members quiver.feature_member[];
BEGIN
    IF coalesce(cardinality(refs), 0) = 0 THEN
        PERFORM quiver.feature_invalid('no features are asked for', 'Name some in features, or a service.');
    END IF;
    -- Views and versions first, so that their errors come before those of features.
    PERFORM quiver.feature_version_of(p.view, p.version)
    FROM unnest(refs) AS r(reference), quiver.feature_parse_reference(r.reference) AS p;
    WITH asked AS MATERIALIZED (
        SELECT r.n, p.alias, p.key_map, p.feature, (quiver.feature_version_of(p.view, p.version)).*
        FROM unnest(refs) WITH ORDINALITY AS r(reference, n), quiver.feature_parse_reference(r.reference) AS p
    ), features AS (
        SELECT a.n, c.position, a.view, a.version, a.alias, a.keys, a.feature AS asked_feature, c.name,
            coalesce(a.key_map, '{}') AS own_map
        FROM asked a
        LEFT JOIN quiver.feature_column c ON (c.view, c.version) = (a.view, a.version) AND a.feature IN ('*', c.name)
    ), grouped AS (
        SELECT min(f.n) AS n, f.view, f.version, f.alias, f.keys, f.own_map, array_agg(f.name ORDER BY f.n, f.position)
            AS names,
            min(f.asked_feature) FILTER (WHERE f.name IS NULL) AS lacking
        FROM (SELECT DISTINCT ON (view, version, alias, own_map, name) * FROM features
              ORDER BY view, version, alias, own_map, name, n) AS f
        GROUP BY f.view, f.version, f.alias, f.keys, f.own_map
    )
    SELECT array_agg(ROW(g.view, g.version, g.alias, g.keys,
            ARRAY(SELECT coalesce(g.own_map ->> k, feature_resolve.key_map ->> k, k)
                FROM unnest(g.keys) WITH ORDINALITY AS u(k, n) ORDER BY u.n),
            g.names, ARRAY(SELECT CASE WHEN full_names OR g.alias <> g.view THEN g.alias || '__' || f ELSE f END
                           FROM unnest(g.names) WITH ORDINALITY AS u(f, n) ORDER BY u.n))::quiver.feature_member
                               ORDER BY g.n)
    INTO found_members FROM grouped g;

    FOR wrong IN
        SELECT p.view, v.version, p.feature, v.keys, p.key_map
        FROM unnest(refs) AS r(reference), quiver.feature_parse_reference(r.reference) AS p,
            quiver.feature_version_of(p.view, p.version) AS v
    LOOP
        IF wrong.feature <> '*' AND NOT EXISTS (SELECT FROM quiver.feature_column c
            WHERE (c.view, c.version, c.name) = (wrong.view, wrong.version, wrong.feature)) THEN
            PERFORM quiver.feature_unknown(format('feature of view "%s" version %s', wrong.view, wrong.version),
                wrong.feature,
                (SELECT array_agg(c.name ORDER BY c.position) FROM quiver.feature_column c
                 WHERE (c.view, c.version) = (wrong.view, wrong.version)));
        END IF;
        PERFORM quiver.feature_unknown(format('key of view "%s"', wrong.view), k, wrong.keys)
        FROM jsonb_object_keys(wrong.key_map) AS k WHERE k <> ALL (wrong.keys);
    END LOOP;
    SELECT o.output, count(*) INTO wrong FROM unnest(found_members) AS m, unnest(m.outputs) AS o(output)
    GROUP BY o.output HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        PERFORM quiver.feature_invalid(format('feature "%s" is asked for from more than one view', wrong.output),
            'Pass full_names => true, or give one of the views an alias.', '42701');
    END IF;
    RETURN QUERY SELECT * FROM unnest(found_members);
END $$;
COMMENT ON FUNCTION quiver.feature_resolve(text[], jsonb, boolean) IS
    'what references to features mean now; unknown names are refused (42704), as are equal output names (42701)';
