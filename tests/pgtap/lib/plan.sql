-- pg_temp.plan_of(query, options): the plan as EXPLAIN prints it, one text.
CREATE FUNCTION pg_temp.plan_of(query text, options text DEFAULT 'COSTS OFF') RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; result text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (' || options || ') ' || query LOOP
        result := result || line || E'\n';
    END LOOP;
    RETURN result;
END $$;
