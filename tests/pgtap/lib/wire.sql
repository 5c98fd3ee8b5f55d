-- received(type, value): the text of a value after the type's receive function has read its bytes.
--
-- A receive function cannot be called from SQL, so the bytes go through COPY BINARY from a file of
-- one row, which the server keeps in its data directory.
CREATE FUNCTION pg_temp.received(type text, value bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    path text := format('%s/received.%s', current_setting('data_directory'), pg_backend_pid());
    image oid := lo_from_bytea(0,
        '\x5047434f50590aff0d0a00' || int4send(0) || int4send(0)
        || int2send(1::smallint) || int4send(length(value)) || value || int2send((-1)::smallint));
    result text;
BEGIN
    PERFORM lo_export(image, path);
    PERFORM lo_unlink(image);
    EXECUTE format('CREATE TEMP TABLE received_value (v %s)', type);
    EXECUTE format('COPY received_value FROM %L (FORMAT binary)', path);
    SELECT v::text INTO STRICT result FROM received_value;
    DROP TABLE received_value;
    RETURN result;
END;
$$;
