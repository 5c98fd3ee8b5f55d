-- What tests of the feature store share: payments of users, and errors with their hints.
CREATE TABLE payments (user_id int, paid_at timestamptz, seen_at timestamptz, amount float8, note varchar(20));
INSERT INTO payments VALUES
    (1, '2024-01-01 10:00Z', '2024-01-01 10:00Z', 10, 'a'),
    (1, '2024-01-01 12:00Z', '2024-01-01 12:05Z', 20, NULL),
    (1, '2024-01-01 12:00Z', '2024-01-03 00:00Z', 25, 'corrected'),
    (2, '2024-01-01 11:00Z', NULL, 30, 'never known'),
    (2, '2024-01-01 09:00Z', '2024-01-01 09:00Z', 29, 'b'),
    (3, 'infinity', '2024-01-01 00:00Z', 1, 'end'),
    (3, '-infinity', '2024-01-01 00:00Z', 2, 'start'),
    (NULL, '2024-01-01 10:00Z', '2024-01-01 10:00Z', 99, 'nobody');
SELECT quiver.feature_create_entity('customer', '{"user_id": "bigint"}');

-- SQLSTATE | message | detail | hint
CREATE FUNCTION pg_temp.refusal_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END;
$$;
