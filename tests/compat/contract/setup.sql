-- What the cases share: the binary wire form, in and out, through COPY (FORMAT binary), and plans.
set client_min_messages = warning;
set timezone = 'UTC';

-- The text form of what a type's receive function makes of `payload`.
create function pg_temp.receive(type text, payload bytea) returns text
language plpgsql as $$
declare
    file text := current_setting('data_directory') || '/contract.copy';
    copied bytea := '\x5047434f50590aff0d0a00'          -- the format's signature
        || int4send(0) || int4send(0)                   -- no flags, no header extension
        || int2send(1::int2) || int4send(length(payload)) || payload  -- one row of one field
        || int2send((-1)::int2);                        -- the end
    object oid := lo_from_bytea(0, copied);
    received text;
begin
    perform lo_export(object, file), lo_unlink(object);
    execute format('create temp table received (v %s)', type);
    execute format('copy received from %L (format binary)', file);
    select v::text into received from received;
    drop table received;
    return received;
end
$$;

-- The field that COPY (FORMAT binary) writes for the one value that `query` answers.
create function pg_temp.copied(query text) returns bytea
language plpgsql as $$
declare
    file text := current_setting('data_directory') || '/contract.copy';
    copied bytea;
begin
    execute format('copy (%s) to %L (format binary)', query, file);
    copied := pg_read_binary_file(file);
    return substring(copied from 26 for length(copied) - 27);  -- header 19 + 2 + 4, trailer 2
end
$$;

-- The plan of `query` as one text.
create function pg_temp.plan(query text) returns text
language plpgsql as $$
declare
    line text;
    whole text := '';
begin
    for line in execute 'explain (costs off) ' || query loop
        whole := whole || line || e'\n';
    end loop;
    return whole;
end
$$;
