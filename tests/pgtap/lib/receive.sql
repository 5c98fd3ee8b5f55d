-- pg_temp.receive(type, message): the value that the type's receive function makes of a message.
--
-- SQL cannot call a receive function, so the message goes the way a client's would: as the only
-- field of a COPY BINARY file, which is written beside the server's data.
CREATE FUNCTION pg_temp.receive(type_name text, message bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    path text := current_setting('data_directory') || '/receive_' || pg_backend_pid();
    file oid := lo_from_bytea(0,
        '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0)
        || int2send(1::int2) || int4send(length(message)) || message || int2send((-1)::int2));
    result text;
BEGIN
    PERFORM lo_export(file, path);
    PERFORM lo_unlink(file);
    EXECUTE format('CREATE TEMP TABLE received (v %s)', type_name);
    EXECUTE format('COPY received FROM %L (FORMAT binary)', path);
    SELECT v::text INTO result FROM received;
    DROP TABLE received;
    RETURN result;
END $$;

-- pg_temp.words(int, ...): 32-bit integers in network order.
CREATE FUNCTION pg_temp.words(VARIADIC numbers int[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(int4send(n), ''::bytea ORDER BY at) FROM unnest(numbers) WITH ORDINALITY u(n, at)
$$;

-- pg_temp.floats(real, ...): the same for single-precision numbers.
CREATE FUNCTION pg_temp.floats(VARIADIC numbers real[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(float4send(n), ''::bytea ORDER BY at) FROM unnest(numbers) WITH ORDINALITY u(n, at)
$$;
