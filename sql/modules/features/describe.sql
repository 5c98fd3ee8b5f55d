-- SQL text of users, analysed where it is given: columns, types, canonical form.
CREATE TYPE quiver.feature_query AS (
    sql        text,
    columns    text[],
    types      oid[],
    type_names text[],
    volatility "char",
    aggregates boolean,
    subqueries boolean
);
COMMENT ON TYPE quiver.feature_query IS
    'an analysed SELECT: canonical text, columns, types, volatility (i, s, v), whether it aggregates or has subqueries';

-- No pinned search_path: the caller's is what the text means.
CREATE FUNCTION quiver.feature_describe(query text) RETURNS quiver.feature_query
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.feature_describe(text) IS
    'analyse one SELECT in the caller''s search_path without running it; its sql means the same under every '
    'search_path';

CREATE FUNCTION quiver.feature_nearest(word text, known text[]) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.feature_nearest(text, text[]) IS
    'the known word that is least mistyped, NULL if none is near';

CREATE FUNCTION quiver.feature_select(source text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN source OPERATOR(pg_catalog.~*) '^[\s(]*(select|with|values|table)\M' THEN source
                ELSE 'TABLE ' OPERATOR(pg_catalog.||) source END
$$;
COMMENT ON FUNCTION quiver.feature_select(text) IS 'a query as it is; the name of a table or view as a query of it';

-- The equality of a btree family, as SQL that means it under every search_path. Domains are what they are made of.
CREATE FUNCTION quiver.feature_equality(one oid, other oid) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE base(side, type) AS (
        VALUES (1, one), (2, other)
        UNION ALL
        SELECT b.side, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd'
    ), plain(side, type, kind) AS (
        SELECT b.side, CASE WHEN b.type = 'varchar'::regtype THEN 'text'::regtype ELSE b.type END, t.typtype
        FROM base b JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd'
    ), sides AS (
        SELECT l.type AS left_type, r.type AS right_type, l.kind FROM plain l, plain r WHERE l.side = 1 AND r.side = 2
    )
    SELECT CASE WHEN n.nspname = 'pg_catalog' THEN o.oprname::text
                ELSE format('OPERATOR(%I.%s)', n.nspname, o.oprname) END
    FROM sides s
    JOIN pg_amop a ON (a.amoplefttype, a.amoprighttype) = (s.left_type, s.right_type) AND a.amopstrategy = 3
    JOIN pg_am m ON m.oid = a.amopmethod AND m.amname = 'btree'
    JOIN pg_operator o ON o.oid = a.amopopr
    JOIN pg_namespace n ON n.oid = o.oprnamespace
    UNION ALL
    -- Enums and ranges compare by the operators of the pseudotypes.
    SELECT '=' FROM sides s WHERE s.left_type = s.right_type AND s.kind IN ('e', 'r')
    LIMIT 1
$$;
COMMENT ON FUNCTION quiver.feature_equality(oid, oid) IS
    'the operator that compares two types within one btree family, qualified if need be; NULL if there is none';

CREATE FUNCTION quiver.feature_comparable(one oid, other oid) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT quiver.feature_equality(one, other) IS NOT NULL
$$;
COMMENT ON FUNCTION quiver.feature_comparable(oid, oid) IS
    'whether values of two types can be compared for equality within one btree operator family';

CREATE FUNCTION quiver.feature_unknown(kind text, name text, known text[]) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    near text := quiver.feature_nearest(name, known);
BEGIN
    RAISE EXCEPTION USING ERRCODE = '42704',
        MESSAGE = format('%s "%s" does not exist', kind, name),
        HINT = CASE WHEN near IS NOT NULL THEN format('Perhaps you meant "%s".', near)
                    WHEN known = '{}' OR known IS NULL THEN format('No %s is defined yet.', kind)
                    ELSE format('There are: %s.', array_to_string(known[1:20], ', ')) END;
END $$;
COMMENT ON FUNCTION quiver.feature_unknown(text, text, text[]) IS
    'refuse a name that is not known (42704), with the nearest that is';

CREATE FUNCTION quiver.feature_invalid(message text, hint text DEFAULT NULL, state text DEFAULT '22023',
    detail text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF detail IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, HINT = coalesce(hint, 'See docs/feature_store.md.'),
            DETAIL = detail;
    ELSIF hint IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, HINT = hint;
    END IF;
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message;
END $$;
COMMENT ON FUNCTION quiver.feature_invalid(text, text, text, text) IS
    'refuse an argument: message, hint, SQLSTATE, detail';
