-- Each kind of statement that changes rows is kept: COPY, ON CONFLICT, MERGE, CTEs, cascades, partitions, TOAST.
\ir ../lib/setup.sql
SELECT plan(19);
CREATE SCHEMA history_statements_test;
SET search_path = history_statements_test, public;
-- What the newest transaction's last n changes of a table are.
CREATE FUNCTION kept(t regclass) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', op, key_::text, 'c' || columns::text, before::text, '>' || after::text), '; '
                      ORDER BY statement, ordinal)
    FROM quiver.history_changes(t) $$;
CREATE TABLE plain (id int PRIMARY KEY, a text, b int DEFAULT 7, c text, d int GENERATED ALWAYS AS (b + 1) STORED);
SELECT quiver.history_enable('plain') AS store \gset
CREATE FUNCTION forget() RETURNS void LANGUAGE plpgsql AS $$
BEGIN EXECUTE 'DELETE FROM ' || (SELECT string_agg(store::text, '; DELETE FROM ') FROM quiver.history_table WHERE relation IS NOT NULL
      AND store::text LIKE 'quiver_history.plain%'); END $$;

\copy plain (id, a) FROM PROGRAM 'printf "1\tone\n2\ttwo\n"'
SELECT is(kept('plain'), 'I {1} c{2,3,5} >{one,7,8}; I {2} c{2,3,5} >{two,7,8}', 'COPY, with defaults and generated columns');
SELECT forget();
UPDATE plain SET b = b + 1, a = a WHERE id = 1;
SELECT is(kept('plain'), 'U {1} c{3,5} {7,8} >{8,9}', 'an update keeps the columns that changed');
SELECT forget();
UPDATE plain SET a = a;
SELECT is(kept('plain'), NULL, 'an update that changes nothing keeps nothing');
INSERT INTO plain (id, a) VALUES (1, 'uno'), (3, 'tre') ON CONFLICT (id) DO UPDATE SET a = excluded.a;
SELECT is(kept('plain'), 'U {1} c{2} {one} >{uno}; I {3} c{2,3,5} >{tre,7,8}', 'ON CONFLICT inserts and updates');
SELECT forget();
MERGE INTO plain p USING (VALUES (1, 'gone'), (2, 'zwei'), (4, 'vier')) v (id, a) ON p.id = v.id
WHEN MATCHED AND p.id = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET a = v.a WHEN NOT MATCHED THEN INSERT (id, a) VALUES (v.id, v.a);
SELECT is((SELECT string_agg(op || key_::text, ' ' ORDER BY op) FROM quiver.history_changes('plain')), 'D{1} I{4} U{2}',
          'MERGE deletes, updates, inserts');
SELECT forget();
WITH d AS (DELETE FROM plain WHERE id = 2 RETURNING *), i AS (INSERT INTO plain (id) VALUES (8) RETURNING id) SELECT count(*) FROM d, i
\g /dev/null
SELECT is((SELECT string_agg(op || key_::text, ' ' ORDER BY op) FROM quiver.history_changes('plain')), 'D{2} I{8}',
          'writable CTEs');
SELECT forget();
UPDATE plain SET id = 5 WHERE id = 4;
SELECT is((SELECT string_agg(op || key_::text || moved::text, ' ' ORDER BY ordinal) FROM quiver.history_changes('plain')),
          'D{4}{5} I{5}{4}', 'a change of key goes and comes');
SELECT forget();
SAVEPOINT s; DELETE FROM plain; ROLLBACK TO s;
SELECT is(kept('plain'), NULL, 'a savepoint that is rolled back leaves nothing');
TRUNCATE plain;
SELECT is((SELECT string_agg(op || key_::text, ' ' ORDER BY key_) FROM quiver.history_changes('plain')), 'T{3} T{5} T{8}',
          'TRUNCATE keeps the rows that it takes');
SELECT forget();
INSERT INTO plain (id, c) VALUES (1, repeat(md5('1'), 4000));
ALTER TABLE plain ALTER c SET STORAGE EXTERNAL;
UPDATE plain SET c = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 4000) i);
SELECT forget();
UPDATE plain SET b = 0;
SELECT is(kept('plain'), 'U {1} c{3,5} {7,8} >{0,1}', 'a long value that stays is not kept again');
UPDATE plain SET c = 'short';
SELECT is((SELECT length(before[1]) FROM quiver.history_changes('plain') WHERE columns = '{4}'), 128000,
          'one that changes is kept whole');
SET session_replication_role = replica;
DELETE FROM plain;
SET session_replication_role = origin;
SELECT is((SELECT count(*) FROM quiver.history_changes('plain') WHERE op = 'D'), 1::bigint, 'also where triggers are off for replication');

CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, p int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
SELECT quiver.history_enable('child') \g /dev/null
INSERT INTO parent VALUES (1), (2);
INSERT INTO child VALUES (10, 1), (11, 1), (20, 2);
UPDATE parent SET id = 3 WHERE id = 2;
DELETE FROM parent WHERE id = 1;
SELECT is((SELECT string_agg(op || key_::text, ' ' ORDER BY op, key_) FROM quiver.history_changes('child')),
          'D{10} D{11} I{10} I{11} I{20} U{20}', 'foreign keys'' cascades');

CREATE TABLE part (id int, k int, v text, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE TABLE part_2 (v text, extra int, k int NOT NULL, id int NOT NULL);
ALTER TABLE part_2 DROP COLUMN extra;
ALTER TABLE part ATTACH PARTITION part_2 FOR VALUES IN (2);
SELECT quiver.history_enable('part') \g /dev/null
INSERT INTO part VALUES (1, 1, 'a'), (2, 2, 'b');
INSERT INTO part_2 VALUES ('c', 2, 3);
UPDATE part SET k = 2 WHERE id = 1;
UPDATE part_2 SET v = 'B' WHERE id = 2;
SELECT is((SELECT string_agg(op || key_::text || coalesce(before::text, '') || coalesce(after::text, ''), ' ' ORDER BY statement, ordinal)
           FROM quiver.history_changes('part')),
          'I{1,1}{a} I{2,2}{b} I{3,2}{c} D{1,1}{a} I{1,2}{a} U{2,2}{b}{B}', 'partitions, directly, through the parent, and from one to another');
TRUNCATE part;
SELECT is((SELECT string_agg(key_::text, ' ' ORDER BY key_) FROM quiver.history_changes('part') WHERE op = 'T'),
          '{1,2} {2,2} {3,2}', 'TRUNCATE of a partitioned table keeps each row once');
CREATE TABLE part_3 PARTITION OF part FOR VALUES IN (3);
SELECT is((SELECT is_complete FROM quiver.history_status() WHERE relation = 'part'::regclass), false, 'a new partition is seen to lack its triggers');
SELECT count(*) FROM quiver.history_maintain() \g /dev/null
SELECT is((SELECT is_complete FROM quiver.history_status() WHERE relation = 'part'::regclass), true, 'history_maintain() takes it in');
INSERT INTO part_3 VALUES (9, 3, 'z');
SELECT is((SELECT after FROM quiver.history_changes('part', key => '{9,3}')), '{z}', 'and its changes are kept');

INSERT INTO plain (id) SELECT generate_series(1, 3000);
SELECT is((SELECT array[count(*), count(DISTINCT ordinal), count(DISTINCT statement)] FROM quiver.history_changes('plain') WHERE op = 'I' AND key_ <> '{1}'
           AND columns = '{3,5}'), '{2999,2999,1}'::bigint[], 'a statement of many rows is one statement');
SELECT * FROM finish();
ROLLBACK;
