-- The audit log as rows, its verification, its state. Nobody may call these until an administrator grants it.
CREATE FUNCTION quiver.audit_events(since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE (
        "time" timestamptz, session text, number bigint, action integer, kind text, class text,
        command text, verb text, object_type text, object_name text, columns text[], by text,
        outcome text, sqlstate text, "rows" bigint, duration_us bigint,
        statement integer, substatement integer, transaction integer, xid bigint,
        session_user_name text, current_user_name text, database text, client text, application text,
        context text, text text, parameters text, detail text, shard integer, sequence bigint)
    AS 'MODULE_PATHNAME', 'quiver_audit_events'
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10000;
COMMENT ON FUNCTION quiver.audit_events(timestamptz, timestamptz) IS
    'events of the audit log that began in [since, until), a row for each verb and object';

CREATE FUNCTION quiver.audit_verify(public_key bytea DEFAULT NULL)
    RETURNS TABLE (severity text, problem text, segment bigint, byte bigint, leaf bigint,
        "time" timestamptz, detail text)
    AS 'MODULE_PATHNAME', 'quiver_audit_verify'
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION quiver.audit_verify(bytea) IS
    'recomputes every hash and signature of the audit log; the last row is the summary';

CREATE FUNCTION quiver.audit_checkpoint() RETURNS text
    AS 'MODULE_PATHNAME', 'quiver_audit_checkpoint' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.audit_checkpoint() IS
    'seals what was written so far and returns the signed note that says so';

CREATE FUNCTION quiver.audit_public_key() RETURNS bytea
    AS 'MODULE_PATHNAME', 'quiver_audit_public_key' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.audit_public_key() IS
    'the Ed25519 key that checkpoints are verified with; NULL if they are not signed';

CREATE FUNCTION quiver.audit_proof(shard integer, sequence bigint,
        OUT leaf_index bigint, OUT tree_size bigint, OUT leaf bytea, OUT path bytea[], OUT root bytea,
        OUT holds boolean)
    AS 'MODULE_PATHNAME', 'quiver_audit_proof' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.audit_proof(integer, bigint) IS
    'inclusion proof (RFC 9162) of a record in the newest checkpoint';

CREATE FUNCTION quiver.audit_erase(shard integer, sequence bigint, reason text) RETURNS bigint
    AS 'MODULE_PATHNAME', 'quiver_audit_erase' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.audit_erase(integer, bigint, text) IS
    'erases the events of a record for good and says so in the log; returns how many they were, 0 if they are gone already';

CREATE FUNCTION quiver.audit_status(OUT is_running boolean, OUT is_stalled boolean,
        OUT events_written bigint, OUT bytes_written bigint, OUT records_synced bigint,
        OUT records_sealed bigint, OUT events_lost bigint, OUT ring_used bigint, OUT ring_size bigint,
        OUT segment bigint)
    AS 'MODULE_PATHNAME', 'quiver_audit_status' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.audit_status() IS
    'what the audit''s worker has done since the server started, and how full the rings are';

REVOKE ALL ON FUNCTION quiver.audit_events(timestamptz, timestamptz), quiver.audit_verify(bytea),
    quiver.audit_checkpoint(), quiver.audit_public_key(), quiver.audit_proof(integer, bigint),
    quiver.audit_erase(integer, bigint, text), quiver.audit_status() FROM PUBLIC;

CREATE FUNCTION quiver.audit_grant_reader(reader regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    EXECUTE format('GRANT EXECUTE ON FUNCTION quiver.audit_events(timestamptz, timestamptz), '
        'quiver.audit_verify(bytea), quiver.audit_checkpoint(), quiver.audit_public_key(), '
        'quiver.audit_proof(integer, bigint), quiver.audit_status() TO %s', reader);
END $$;
COMMENT ON FUNCTION quiver.audit_grant_reader(regrole) IS
    'lets a role of auditors read and verify the log; by the caller''s own rights';
REVOKE ALL ON FUNCTION quiver.audit_grant_reader(regrole) FROM PUBLIC;
