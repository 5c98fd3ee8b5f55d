-- The version of quiver in this database, the one that it goes to, and whether scripts lead there. With act=1 it goes there, and what was done is printed.
-- Variables: act; back, 1 to go to what `before` says (JSON, version by database), 0 to the version of the installed package.
SELECT coalesce(max(e.extversion), '') AS is, coalesce(max(w.target), '') AS target, coalesce(max(w.target) <> max(e.extversion), false) AS moves,
    coalesce(bool_and(w.target = e.extversion OR EXISTS (SELECT FROM pg_extension_update_paths('quiver') AS p
        WHERE p.source = e.extversion AND p.target = w.target AND p.path IS NOT NULL)), false) AS leads
FROM pg_extension AS e
JOIN pg_available_extensions AS a ON a.name = e.extname
CROSS JOIN LATERAL (SELECT CASE WHEN :back = 0 THEN a.default_version ELSE coalesce(:'before'::json ->> current_database(), e.extversion) END AS target) AS w
WHERE e.extname = 'quiver' \gset

\if :act
\if :moves
-- It waits for nobody's locks for long: who comes after it would wait as well.
SET lock_timeout = '5s';
ALTER EXTENSION quiver UPDATE TO :'target';
SELECT format('%s: quiver %s to %s', current_database(), :'is', :'target');
\endif
\else
SELECT json_build_object('database', current_database(), 'is', :'is', 'to', :'target', 'moves', :'moves'::boolean, 'leads', :'leads'::boolean) WHERE :'target' <> '';
\endif
