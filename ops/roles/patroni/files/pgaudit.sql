-- Takes pgaudit out of this database and prints a line when it was there. Its triggers first: they would judge its own removal.
SELECT extname || ' dropped' FROM pg_extension WHERE extname = 'pgaudit';
SELECT format('ALTER EVENT TRIGGER %I DISABLE', evtname)
FROM pg_event_trigger AS t JOIN pg_depend AS d ON d.classid = 'pg_event_trigger'::regclass AND d.objid = t.oid AND d.deptype = 'e'
JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'pgaudit'
UNION ALL SELECT 'DROP EXTENSION pgaudit' FROM pg_extension WHERE extname = 'pgaudit' \gexec
