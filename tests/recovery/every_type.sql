-- A table with every type: extremes, NULLs, values stored out of line, indexes, what hangs on a type.
CREATE DOMAIN unit_vector AS vector(3) CHECK (abs(vector_norm(VALUE) - 1) < 1e-6);
CREATE TYPE pair AS (a vector(2), b sparsevec);
CREATE TABLE item (
    id int PRIMARY KEY,
    v vector(3) DEFAULT '[1,2,3]',
    h halfvec(3),
    t tinyvec(3),
    s sparsevec(1000000000),
    b bit(11),
    any_size vector,
    list vector(2)[],
    unit unit_vector,
    two pair,
    doubled vector GENERATED ALWAYS AS (v + v) STORED,
    CHECK (vector_dims(v) = 3)
);
ALTER TABLE item ALTER COLUMN any_size SET STORAGE EXTERNAL;
INSERT INTO item VALUES
    (1, '[1.7e38,-1e-45,0]', '[65504,-6e-8,-0]', '[-128,0,127]', '{1:1,1000000000:-2}/1000000000',
     B'10101010101', '[0.1]', '{"[1,2]",NULL}', '[0,1,0]', ROW('[1,2]', '{}/7')),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, DEFAULT, '[1,2,3]', '[1,2,3]', '{}/1000000000', B'00000000000',
     (SELECT array_agg(1 / i::real ORDER BY i)::vector FROM generate_series(1, 16000) i), '{}', '[0.6,0,0.8]', NULL);
INSERT INTO item (id, v, h, t, s, b)
SELECT i, ARRAY[i, sqrt(i), -i]::real[]::vector, ARRAY[i, 1, 2]::real[]::halfvec, ARRAY[i % 127, 1, 2]::int[]::vector::tinyvec,
       ('{' || i || ':1.5}/1000000000')::sparsevec, i::bit(11)
FROM generate_series(4, 500) i;
CREATE UNIQUE INDEX item_v ON item (v);
CREATE INDEX item_h ON item USING hash (h);
CREATE INDEX item_s ON item (s);
CREATE INDEX item_t ON item (t) WHERE t IS NOT NULL;
CREATE MATERIALIZED VIEW centre AS SELECT avg(v) AS v, avg(s) AS s FROM item;
CREATE FUNCTION nearest(q vector) RETURNS int LANGUAGE sql STABLE
    RETURN (SELECT id FROM item ORDER BY v <-> q LIMIT 1);
