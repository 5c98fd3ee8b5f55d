-- Row history as jsonb triggers in PL/pgSQL keep it, in the shape of supa_audit: one table for all, both versions of the row
-- whole, identifiers made of table and key, four indexes. Without its look-up of the key in the catalog at each call.
CREATE TABLE jsonb_version (
    id bigserial PRIMARY KEY, record_id uuid, old_record_id uuid, op text NOT NULL, ts timestamptz NOT NULL DEFAULT now(),
    table_oid oid NOT NULL, table_schema name NOT NULL, table_name name NOT NULL, record jsonb, old_record jsonb);
CREATE INDEX ON jsonb_version (record_id) WHERE record_id IS NOT NULL;
CREATE INDEX ON jsonb_version (old_record_id) WHERE old_record_id IS NOT NULL;
CREATE INDEX ON jsonb_version USING brin (ts);
CREATE INDEX ON jsonb_version (table_oid);
CREATE FUNCTION jsonb_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    record jsonb = to_jsonb(new);
    old_record jsonb = to_jsonb(old);
    record_id uuid = CASE WHEN record IS NOT NULL THEN md5(TG_RELID || (record ->> TG_ARGV[0]))::uuid END;
    old_record_id uuid = CASE WHEN old_record IS NOT NULL THEN md5(TG_RELID || (old_record ->> TG_ARGV[0]))::uuid END;
BEGIN
    INSERT INTO jsonb_version (record_id, old_record_id, op, table_oid, table_schema, table_name, record, old_record)
    SELECT record_id, old_record_id, TG_OP, TG_RELID, TG_TABLE_SCHEMA, TG_TABLE_NAME, record, old_record;
    RETURN coalesce(new, old);
END $$;
DO $$
DECLARE
    t text; k text;
BEGIN
    IF EXISTS (SELECT FROM pg_proc WHERE proname = 'history_enable') THEN
        RETURN;  -- only to be compared with, on a table of its own
    END IF;
    FOR t, k IN VALUES ('accounts', 'aid'), ('branches', 'bid'), ('tellers', 'tid'), ('history', 'id') LOOP
        EXECUTE format('CREATE TRIGGER jsonb_keep AFTER INSERT OR UPDATE OR DELETE ON pgbench_%s FOR EACH ROW '
            'EXECUTE FUNCTION jsonb_keep(%L)', t, k);
    END LOOP;
END $$;
