-- Who did what
-- Every statement is an event with an action for each verb and relation: who, what, which columns, how it
-- ended. Constants are not kept.

SET quiver.audit = 'read, write, role, failed';

CREATE ROLE clerk PASSWORD 'not in the log';

SELECT word FROM words ORDER BY embedding <=> (SELECT embedding FROM words WHERE word = 'violin') LIMIT 3;

WITH renamed AS (UPDATE words SET word = word WHERE word = 'violin' RETURNING word) SELECT count(*) FROM renamed;

BEGIN;
DELETE FROM words WHERE rank > 100;
ROLLBACK;

SELECT class, verb, object_name, columns, outcome, rows, text FROM quiver.audit_events()
WHERE class IN ('read', 'write', 'role') AND (object_name <> 'quiver.audit_events' OR object_name IS NULL) AND text NOT LIKE '%audit_events%'
ORDER BY number, action;

-- The records are chained, hashed into a tree and sealed by signed checkpoints. Verification computes all
-- of it anew; an edit of a single byte, a record taken out or a cut tail would be named here.

SELECT severity, problem, detail FROM quiver.audit_verify();

SELECT quiver.audit_checkpoint();
