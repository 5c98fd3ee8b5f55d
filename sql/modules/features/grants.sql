-- The catalogue can be read by all, as PostgreSQL's own; it is written by authors (quiver.feature_grant_author). What
-- holds rows or values of users is for authors alone.
DO $$
DECLARE
    part pg_catalog.regclass;
BEGIN
    FOR part IN SELECT c FROM quiver.feature_catalogue() AS c WHERE c OPERATOR(pg_catalog.<>) ALL (
        '{quiver.feature_outbox,quiver.feature_quarantine,quiver.feature_serving_log,quiver.feature_profile}'
        ::pg_catalog.regclass[])
    LOOP
        EXECUTE pg_catalog.format('GRANT SELECT ON %s TO PUBLIC', part);
    END LOOP;
END $$;
