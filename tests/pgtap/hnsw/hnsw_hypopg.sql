-- Hypothetical indexes of HypoPG: it knows btree, brin, hash and bloom, and refuses hnsw; the others are taken beside
-- conditions on distances as ever. Left out where it is not installed.
\ir ../lib/setup.sql
SELECT plan(4);
SELECT count(*) > 0 AS has_hypopg FROM pg_available_extensions WHERE name = 'hypopg' \gset
\if :has_hypopg
CREATE EXTENSION hypopg;
CREATE TABLE item (id int, v vector(3));
INSERT INTO item SELECT i, ARRAY[i % 97, i % 89, i % 83]::vector FROM generate_series(1, 20000) i;
ANALYZE item;
\ir ../lib/plan.sql
SELECT throws_like($$SELECT hypopg_create_index('CREATE INDEX ON item USING hnsw (v vector_l2_ops)')$$,
                   '%access method "hnsw" is not supported%', 'HypoPG supposes no hnsw index');
SELECT lives_ok($$SELECT hypopg_create_index('CREATE INDEX ON item (id)')$$, 'a btree index is supposed');
SELECT matches(pg_temp.plan_of($$SELECT FROM item WHERE id = 7 AND v <-> '[1,2,3]' < 5$$), 'Index Scan using "?<\d+>btree_item_id',
               'and taken, beside a condition on a distance');
SELECT alike(pg_temp.plan_of($$SELECT FROM item WHERE v <-> '[1,2,3]' < 5$$), 'Seq Scan on item%', 'none is taken for the distance alone');
\else
SELECT skip('HypoPG is not installed', 4);
\endif
SELECT * FROM finish();
ROLLBACK;
