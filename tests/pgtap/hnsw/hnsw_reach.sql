-- Every row can be found from the moment it is inserted and ever after: some neighbour leads to it, however full their lists
-- are, and no later insert takes the last link to it away.
\ir ../lib/setup.sql
SELECT plan(5);
SELECT setseed(0.3);
SET LOCAL enable_seqscan = off;
SET LOCAL hnsw.iterative_scan = relaxed_order;
SET LOCAL hnsw.max_scan_tuples = 2147483647;
SET LOCAL hnsw.scan_mem_multiplier = 1000;

CREATE TABLE grown (id int, v vector(12));
CREATE INDEX grown_v ON grown USING hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 8);
-- Rows that a scan to the end, begun far away, does not come to right after their INSERT.
CREATE FUNCTION pg_temp.lost_at_once(first int, last int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE lost int := 0; found int;
BEGIN
    FOR i IN first..last LOOP
        INSERT INTO grown SELECT i, ARRAY(SELECT random() FROM generate_series(1, 12) j WHERE i > 0)::vector;
        SELECT count(*) INTO found FROM (SELECT id FROM grown ORDER BY v <-> '[5,5,5,5,5,5,5,5,5,5,5,5]' LIMIT 100000) s WHERE id = i;
        lost := lost + (found = 0)::int;
    END LOOP;
    RETURN lost;
END $$;
CREATE FUNCTION pg_temp.verdict(name text) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s rows, %s unreachable: %s', heap_rows, unreachable, problems) FROM quiver.hnsw_verify(name::regclass)
$$;
-- Without a place kept for each about six are lost.
SELECT is(pg_temp.lost_at_once(1, 1200), 0, 'a row is found as soon as it is inserted');
INSERT INTO grown SELECT i, ARRAY(SELECT random() FROM generate_series(1, 12) WHERE i > 0)::vector FROM generate_series(1201, 6000) i;
-- If pruning asked no more than what is near, some thirty.
SELECT is(pg_temp.verdict('grown_v'), '6000 rows, 0 unreachable: {}', 'and later rows cut none off');
-- Copies of values, which are everybody's nearest.
INSERT INTO grown SELECT 6000 + i, (SELECT v FROM grown WHERE id = 1 + i % 3) FROM generate_series(1, 600) i;
INSERT INTO grown SELECT i, ARRAY(SELECT random() FROM generate_series(1, 12) WHERE i > 0)::vector FROM generate_series(6601, 7600) i;
SELECT is(pg_temp.verdict('grown_v'), '7600 rows, 0 unreachable: {}', 'nor do many rows of one value');
CREATE TABLE coded (id int, v vector(12));
CREATE INDEX coded_v ON coded USING hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 8, quantizer = rabitq, rerank = heap);
INSERT INTO coded SELECT id, v FROM grown WHERE id <= 4000;
SELECT is(pg_temp.verdict('coded_v'), '4000 rows, 0 unreachable: {}', 'with codes too');
CREATE TABLE cosines (id int, v halfvec(12));
CREATE INDEX cosines_v ON cosines USING hnsw (v halfvec_cosine_ops) WITH (m = 16, ef_construction = 32);
INSERT INTO cosines SELECT id, v::halfvec FROM grown WHERE id <= 4000;
SELECT is(pg_temp.verdict('cosines_v'), '4000 rows, 0 unreachable: {}', 'and with lists as usual');
SELECT * FROM finish();
ROLLBACK;
