-- Without shared_preload_libraries the audit's functions say what to do, and nobody may call them uninvited.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(10);

SELECT is(pg_temp.error_of(statement),
          '55000 | the audit is not active | The audit''s hooks and worker need the library to be preloaded.',
          statement || ' needs the library to be preloaded')
FROM unnest(ARRAY['SELECT * FROM quiver.audit_events()', 'SELECT * FROM quiver.audit_verify()',
                  'SELECT quiver.audit_checkpoint()', 'SELECT quiver.audit_public_key()',
                  'SELECT quiver.audit_proof(0, 1)', 'SELECT quiver.audit_status()']) AS statement;

CREATE ROLE quiver_reader_test;
SELECT ok(NOT has_function_privilege('quiver_reader_test', 'quiver.audit_events(timestamptz, timestamptz)', 'EXECUTE'),
          'PUBLIC may not read the log');
SET LOCAL ROLE quiver_reader_test;
SELECT is(pg_temp.error_of('SELECT quiver.audit_grant_reader(''quiver_reader_test'')'),
          '42501 | permission denied for function audit_grant_reader', 'nobody makes himself a reader');
RESET ROLE;
SELECT lives_ok($$SELECT quiver.audit_grant_reader('quiver_reader_test')$$, 'an administrator makes a reader');
SELECT ok(has_function_privilege('quiver_reader_test', 'quiver.audit_events(timestamptz, timestamptz)', 'EXECUTE')
          AND has_function_privilege('quiver_reader_test', 'quiver.audit_verify(bytea)', 'EXECUTE'),
          'who then reads and verifies');
SELECT * FROM finish();
ROLLBACK;
