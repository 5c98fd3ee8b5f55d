-- quiver.asof_join: its options, its errors, and that the planner sees the query.
\ir ../lib/setup.sql
SELECT plan(28);

CREATE TABLE balances (account int, branch text, ts timestamptz, created timestamptz, balance int, note text, id int);
INSERT INTO balances VALUES
    (1, 'a', '2024-01-01Z', '2024-01-01Z', 10, 'first', 1), (1, 'a', '2024-01-03Z', '2024-01-05Z', 30, NULL, 2),
    (1, 'a', '2024-01-03Z', '2024-01-03Z', 31, 'tied', 3), (2, 'b', '2024-01-02Z', NULL, 20, 'x', 4),
    (2, 'b', 'infinity', '2024-01-01Z', 99, 'never', 5), (NULL, 'a', '2024-01-01Z', '2024-01-01Z', 7, 'nobody', 6);
CREATE TABLE labels (label int, account bigint, shop varchar(10), at timestamptz);
INSERT INTO labels VALUES (1, 1, 'a', '2024-01-03Z'), (2, 1, 'a', '2024-01-02Z'), (3, 2, 'b', '2024-01-09Z'), (4, 3, 'a', '2024-01-09Z'),
    (5, NULL, 'a', '2024-01-09Z'), (6, 1, 'a', NULL), (7, 1, 'b', '2023-12-31Z'), (1, 1, 'a', '2024-01-03Z');

CREATE FUNCTION pg_temp.found(arguments text, shape text DEFAULT 'label int, account bigint, shop varchar(10), at timestamptz, balance int')
    RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
    EXECUTE format('SELECT string_agg(label || '':'' || coalesce(balance::text, ''-''), '' '' ORDER BY label) FROM quiver.asof_join(%s) AS t(%s)',
        arguments, shape) INTO answer;
    RETURN answer;
END $$;
\set sides '$$''labels'', ''balances'', ''{account}'', ''at'', columns => ''{balance}''$$ || '
SELECT is(pg_temp.found(:sides $$, created => 'created', tie_break => '{id}'$$), '1:30 1:30 2:10 3:20 4:- 5:- 6:- 7:-', 'the newest row; ties go to the later creation');
SELECT is(pg_temp.found(:sides $$, tie_break => '{id}'$$), '1:31 1:31 2:10 3:20 4:- 5:- 6:- 7:-', 'or to the columns named');
SELECT is(pg_temp.found(:sides $$, strict => true$$), '1:10 1:10 2:10 3:20 4:- 5:- 6:- 7:-', 'strictly before');
SELECT is(pg_temp.found(:sides $$, tolerance => '24 hours', tie_break => '{id}'$$), '1:31 1:31 2:10 3:- 4:- 5:- 6:- 7:-', 'not older than the tolerance, which is inclusive');
SELECT is(pg_temp.found(:sides $$, tolerance => '23:59:59.999999', tie_break => '{id}'$$), '1:31 1:31 2:- 3:- 4:- 5:- 6:- 7:-', 'to the microsecond');
SELECT is(pg_temp.found(:sides $$, known_at => '2024-01-04Z', created => 'created'$$), '1:31 1:31 2:10 3:- 4:- 5:- 6:- 7:-', 'as known at one time; rows without creation are not known');
SELECT is(pg_temp.found(:sides $$, known_at_col => 'at', created => 'created'$$), '1:31 1:31 2:10 3:- 4:- 5:- 6:- 7:-', 'as known at each row''s time');
SELECT is(pg_temp.found(:sides $$, direction => 'forward', tie_break => '{id}'$$), '1:31 1:31 2:31 3:99 4:- 5:- 6:- 7:10', 'the next row instead');
SELECT is(pg_temp.found($$'labels', 'balances', '{account, shop=branch}', 'at', columns => '{balance}', tie_break => '{id}'$$), '1:31 1:31 2:10 3:20 4:- 5:- 6:- 7:-', 'composite keys under two names');
SELECT is(pg_temp.found($$'SELECT label, account, shop, at FROM labels WHERE label < 3', 'SELECT account, ts, balance * 2 AS balance FROM balances WHERE id <> 3', '{account}', 'at', columns => '{balance}'$$), '1:60 1:60 2:20', 'queries as sides');
SELECT is(pg_temp.found($$'labels', 'balances', '{}', 'at', columns => '{balance}', tie_break => '{id}'$$), '1:31 1:31 2:20 3:31 4:31 5:31 6:- 7:-', 'no key at all');
SELECT results_eq($$SELECT label, balance, note FROM quiver.asof_join('labels', 'balances', '{account}', 'at', columns => '{balance,note}', tie_break => '{created}', ignore_nulls => true)
    AS t(label int, account bigint, shop varchar(10), at timestamptz, balance int, note text) WHERE label < 3 ORDER BY 1, 2$$,
    $$VALUES (1, 30, 'tied'), (1, 30, 'tied'), (2, 10, 'first')$$, 'ignore_nulls takes an older value, for each column by itself');
SELECT results_eq($$SELECT label, balance, asof_status, asof_age FROM quiver.asof_join('labels', 'balances', '{account}', 'at', columns => '{balance}', tolerance => '2 days', with_status => true, tie_break => '{id}')
    AS t(label int, account bigint, shop varchar(10), at timestamptz, balance int, asof_status text, asof_age interval) WHERE label > 1 ORDER BY 1$$,
    $$VALUES (2, 10, 'present', interval '1 day'), (3, NULL, 'expired', '7 days'), (4, NULL, 'not_found', NULL), (5, NULL, 'null_key', NULL), (6, NULL, 'not_found', NULL), (7, NULL, 'not_found', NULL)$$,
    'status and age');

\ir ../lib/plan.sql
\set call '''SELECT label, balance FROM quiver.asof_join(''''labels'''', ''''balances'''', ''''{account}'''', ''''at'''', columns => ''''{balance}'''') AS t(label int, account bigint, shop varchar(10), at timestamptz, balance int) WHERE label = 1'''
SET LOCAL quiver.asof_strategy = hash;
SELECT matches(pg_temp.plan_of(:call), 'Custom Scan \(AsofJoin\)[\s\S]*Seq Scan on labels[\s\S]*label = 1[\s\S]*Seq Scan on balances', 'the plan is that of the query, conditions pushed into it');
SELECT doesnt_match(pg_temp.plan_of(:call), 'Function Scan', 'and not a function''s rows');
RESET quiver.asof_strategy;
CREATE VIEW training AS SELECT * FROM quiver.asof_join('labels', 'balances', '{account}', 'at', columns => '{balance}', tie_break => '{id}')
    AS t(label int, account bigint, shop varchar(10), at timestamptz, balance int);
SELECT results_eq($$SELECT a.label, a.balance, b.note FROM (SELECT * FROM training WHERE label IN (2, 3)) a
    JOIN quiver.asof_join('labels', 'balances', '{account}', 'at', columns => '{note}', direction => 'forward', tie_break => '{id}')
        AS b(label int, account bigint, shop varchar(10), at timestamptz, note text) USING (label) ORDER BY 1$$,
    $$VALUES (2, 10, 'tied'), (3, 20, 'never')$$, 'in a view, twice in one query');
SELECT doesnt_match(pg_temp.plan_of($$SELECT * FROM training a LEFT JOIN training b USING (label)$$), 'Function Scan', 'and each becomes its query');
SELECT is((SELECT sum(n) FROM labels l, LATERAL (SELECT count(*) AS n FROM quiver.asof_join(format('SELECT * FROM labels WHERE label = %s', l.label), 'balances', '{account}', 'at', columns => '{balance}')
    AS t(label int, account bigint, shop varchar(10), at timestamptz, balance int)) c), 10::numeric, 'arguments from other rows stay a call for each');
PREPARE by_name(text) AS SELECT count(*) FROM quiver.asof_join($1, 'balances', '{account}', 'at', columns => '{balance}') AS t(label int, account bigint, shop varchar(10), at timestamptz, balance int);
SET LOCAL plan_cache_mode = force_generic_plan;
SELECT matches(pg_temp.plan_of($$EXECUTE by_name('labels')$$), 'Function Scan', 'arguments that are not known in time stay a call');
CREATE TABLE counted AS EXECUTE by_name('labels');
SELECT is((SELECT count FROM counted), 8::bigint, 'which gives the same rows');

CREATE FUNCTION pg_temp.refused(arguments text, state text, message text, description text) RETURNS text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT quiver.asof_join_sql(%s)', arguments), state, message, description)
$$;
SELECT pg_temp.refused($$'labels', 'balances', '{account}', 'when'$$, '42703', 'the spine has no column "when"', 'a time that is not there');
SELECT pg_temp.refused($$'labels', 'balances', '{account=konto}', 'at'$$, '42703', 'the history has no column konto', 'a key that is not there');
SELECT pg_temp.refused($$'labels', 'balances', '{account=branch}', 'at'$$, '42804', 'keys cannot be compared: account (bigint) and branch (text)', 'keys of two kinds');
SELECT pg_temp.refused($$'labels', 'balances', '{account}', 'at', tolerance => '1 month'$$, '22023', 'tolerance 1 mon is not a length of time', 'a month');
SELECT pg_temp.refused($$'labels', 'balances', '{account}', 'at', known_at => now(), known_at_col => 'at', created => 'created'$$, '22023', 'known_at and known_at_col are both given', 'two times of knowledge');
SELECT pg_temp.refused($$'labels', 'balances', '{account}', 'at', known_at => now()$$, '0A000', 'known_at needs the time at which each history row was created', 'known-at without creation');
SELECT pg_temp.refused($$'nowhere', 'balances', '{account}', 'at'$$, '42P01', NULL, 'a table that is not there');
SELECT throws_ok($$SELECT * FROM quiver.asof_join('labels', 'balances', '{account}', 'at', columns => '{balance}') AS t(label int)$$, '42804', 'the column list does not fit the result', 'a wrong column list');
SELECT finish();
ROLLBACK;
