-- What cannot be a column of an hnsw index, and where.
\ir ../lib/setup.sql
SELECT plan(6);
CREATE TABLE items (v vector(3), w vector(3), i int, j jsonb, p point, points point[]);
SELECT throws_ok('CREATE INDEX ON items USING hnsw (v vector_l2_ops, j)', '42704', 'data type jsonb has no default operator class for access method "hnsw"', 'a type that cannot be filtered by');
-- From 17 an index is made with a safe search path, and the type is named with its schema.
SELECT throws_matching('CREATE INDEX ON items USING hnsw (v vector_l2_ops, w vector_l2_ops)', '^column 2 of an hnsw index cannot be of type (public\.)?vector$', 'a second vector');
SELECT throws_ok('CREATE INDEX ON items USING hnsw (i, v vector_l2_ops)', '0A000', 'type not supported for hnsw index', 'a number as first column');
SELECT throws_ok('CREATE INDEX ON items USING hnsw (v vector_l2_ops, points)', '42883', 'could not identify an extended hash function for type point', 'an array of what cannot be hashed');
SELECT throws_ok(format('CREATE INDEX ON items USING hnsw (v vector_l2_ops, %s)', string_agg('i', ', ')), '54011', 'an hnsw index cannot have more than 16 columns behind the first', 'too many columns')
    FROM generate_series(1, 17);
SELECT throws_ok('CREATE UNIQUE INDEX ON items USING hnsw (v vector_l2_ops, i)', '0A000', 'access method "hnsw" does not support unique indexes', 'a unique index');
SELECT * FROM finish();
ROLLBACK;
