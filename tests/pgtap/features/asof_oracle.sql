-- Every strategy of the as-of join answers as the ordinary plan does, on random data.
-- `make asof-oracle` runs 200 seeds.
\ir ../lib/setup.sql
\ir ../lib/asof_oracle.sql
LOAD 'quiver';
SELECT plan(2);
SELECT pg_temp.asof_fill(1);
SELECT is_empty('SELECT pg_temp.asof_unused()', 'each query of the oracle gets the node when it is asked for');
SELECT is_empty('SELECT pg_temp.asof_differences(seed) FROM unnest(array[1, 3, 5, 8, 17, 42]) seed',
    'all strategies, with and without memory, answer as the nested loop does');
SELECT finish();
ROLLBACK;
