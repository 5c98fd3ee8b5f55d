-- The catalogue can be read by all, as PostgreSQL's own; it is written by authors (quiver.feature_grant_author).
DO $$
DECLARE
    part pg_catalog.regclass;
BEGIN
    FOR part IN SELECT quiver.feature_catalogue() LOOP
        EXECUTE pg_catalog.format('GRANT SELECT ON %s TO PUBLIC', part);
    END LOOP;
END $$;
