-- A stored value whose counts do not fit its length, as on a damaged page, is refused by every function.
\ir ../lib/setup.sql
SELECT plan(21);

-- Any bytes as a sparsevec: only a superuser can make such a cast. The counts are written so that they
-- read the same in either byte order, or are wrong in both.
CREATE CAST (bytea AS sparsevec) WITHOUT FUNCTION;
CREATE TEMP TABLE damaged (what text, v bytea);
INSERT INTO damaged VALUES
    ('too short for its counts', '\x00000000'),
    ('one element announced, none there', '\x010000010100000100000000'),
    ('more elements than announced', '\x0100000100000000000000000000000000000000');

SELECT throws_ok(format('SELECT %s FROM (SELECT %L::bytea::sparsevec AS v) d', expression, v), 'XX001', 'damaged value of type sparsevec',
                 format('%s of a value %s is refused', expression, what))
  FROM damaged, unnest(ARRAY['v <-> v', 'v::text', 'sparsevec_send(v)', 'v = v', 'v + v', 'v::vector', 'sum(v)']) expression;

SELECT * FROM finish();
ROLLBACK;
