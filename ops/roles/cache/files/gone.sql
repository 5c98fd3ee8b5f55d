-- Takes the cache's triggers and its outbox out of this database. Prints a line for each; with look on it prints and does nothing.
SET client_min_messages = warning;
CREATE TEMPORARY TABLE change (line text, statement text);
INSERT INTO change
SELECT format('trigger on %s', tgrelid::regclass), format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass)
FROM pg_trigger WHERE tgname IN ('quiver_cache_row', 'quiver_cache_all')
UNION ALL
SELECT 'schema quiver_cache', 'DROP SCHEMA quiver_cache CASCADE' WHERE to_regnamespace('quiver_cache') IS NOT NULL;
SELECT line FROM change;
\if :look
    SELECT NULL WHERE false;
\else
    SELECT statement FROM change \gexec
\endif
