-- A table as it was, against copies taken at the time: random changes of every kind in 40 transactions, some rolled back.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(6);
COMMIT;
CREATE SCHEMA history_at_test;
SET search_path = history_at_test, public;
CREATE TABLE item (a int, b text, n numeric, f float8, ts timestamptz, i interval, raw bytea, tags text[], gone text,
    twice numeric GENERATED ALWAYS AS (n * 2) STORED, PRIMARY KEY (a, b) DEFERRABLE);
INSERT INTO item (a, b, n, f, ts) SELECT i, 'old', i, i / 3.0, now() FROM generate_series(1, 50) i;
ALTER TABLE item DROP COLUMN gone;
SELECT quiver.history_enable('item') \g /dev/null
CREATE TABLE copy (moment timestamptz, rows text);

CREATE PROCEDURE change(seed float8) LANGUAGE plpgsql AS $$
DECLARE
    what int;
BEGIN
    PERFORM setseed(seed);
    FOR round IN 1..40 LOOP
        PERFORM set_config('timezone', (ARRAY['UTC', 'Asia/Kolkata', 'America/New_York'])[1 + round % 3], true);
        PERFORM set_config('datestyle', (ARRAY['ISO', 'German', 'SQL, DMY'])[1 + round % 3], true);
        PERFORM set_config('intervalstyle', (ARRAY['sql_standard', 'iso_8601', 'postgres'])[1 + round % 3], true);
        FOR k IN 1..1 + (random() * 4)::int LOOP
            what := (random() * 9)::int;
            IF what <= 2 THEN
                INSERT INTO item (a, b, n, f, ts, i, raw, tags)
                SELECT 100 * round + 10 * k + x, 'it''s "' || x || ',', random() * 1e9, random() / 3, now() - random() * interval '9 years',
                    -random() * interval '40 days 3 hours', decode(md5(random()::text), 'hex'), ARRAY['x', NULL, 'y"z']
                FROM generate_series(1, (random() * 5)::int) x
                WHERE NOT EXISTS (SELECT FROM item o WHERE o.a = 100 * round + 10 * k + x);
            ELSIF what <= 5 THEN
                UPDATE item SET n = CASE WHEN random() < 0.3 THEN NULL ELSE random() END, tags = tags || 'more'::text,
                    f = CASE WHEN random() < 0.5 THEN f ELSE -f END WHERE random() < 0.2;
            ELSIF what = 6 THEN
                UPDATE item SET a = a + 1;
            ELSIF what = 7 THEN
                DELETE FROM item WHERE random() < 0.1;
            ELSIF what = 8 THEN
                INSERT INTO item (a, b, n) SELECT a, b, 1 FROM item ORDER BY a, b LIMIT 0;
                UPDATE item SET ts = now(), raw = NULL WHERE random() < 0.3;
            ELSIF round % 20 = 0 THEN
                TRUNCATE item;
            END IF;
        END LOOP;
        IF random() < 0.15 THEN
            ROLLBACK;
        ELSE
            COMMIT;
        END IF;
        INSERT INTO copy SELECT clock_timestamp(), (SELECT string_agg(t::text, E'\n' ORDER BY a, b) FROM item t);
        COMMIT;
    END LOOP;
END $$;
-- Deferrable keys may pass through one another within a statement.
CALL change(0.25);

SELECT is((SELECT count(*) FROM copy), 40::bigint, 'there are copies of 40 moments');
SELECT cmp_ok((SELECT count(DISTINCT rows) FROM copy), '>', 20::bigint, 'which differ');
SELECT is((SELECT count(*) FROM copy c WHERE c.rows IS DISTINCT FROM
           (SELECT string_agg(t::text, E'\n' ORDER BY a, b) FROM quiver.history_at(NULL::item, c.moment) t)), 0::bigint,
          'history_at gives the rows of each');
-- And back: to the tenth moment.
SELECT moment AS tenth FROM copy ORDER BY moment OFFSET 9 LIMIT 1 \gset
SELECT count(*) AS planned FROM quiver.history_revert('item', :'tenth') \gset
SELECT is((SELECT string_agg(t::text, E'\n' ORDER BY a, b) FROM item t), (SELECT rows FROM copy ORDER BY moment DESC LIMIT 1),
          'a dry run changes nothing');
SELECT is((SELECT count(*) FROM quiver.history_revert('item', :'tenth', dry_run => false)), :planned::bigint,
          'reverting does what the dry run said');
SELECT is((SELECT string_agg(t::text, E'\n' ORDER BY a, b) FROM item t),
          (SELECT rows FROM copy WHERE moment = :'tenth'), 'and the table is as it was');
SELECT * FROM finish();
SELECT quiver.history_disable('item', drop => true) \g /dev/null
SET client_min_messages = error;
DROP SCHEMA history_at_test CASCADE;
