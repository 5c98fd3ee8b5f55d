-- What definitions refuse, with SQLSTATE, detail and hint.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(50);

CREATE FUNCTION volatile_one() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
SELECT quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at', features => '["amount", "note"]');
SELECT quiver.feature_create_view('pushed', 'customer', managed => true, features => '{"score": "float8"}');
CREATE FUNCTION pg_temp.define(arguments text) RETURNS text LANGUAGE sql AS
    $$SELECT pg_temp.refusal_of(format('SELECT quiver.feature_create_view(''x'', ''customer'', %s)', arguments))$$;

SELECT is(pg_temp.define(arguments), error, arguments)
FROM (VALUES
    (1, $$source => 'payments'$$, '22023 | feature view "x" needs event_ts, the time when a value came to be | Or pass managed => true for a view that is pushed to.'),
    (2, $$event_ts => 'at'$$, '22023 | feature view "x" needs a source | Or pass managed => true for a view that is pushed to.'),
    (3, $$source => 'nowhere', event_ts => 'at'$$, '42P01 | relation "nowhere" does not exist'),
    (4, $$source => 'payments; DROP TABLE payments', event_ts => 'at'$$, '42601 | a query must be one SELECT, not 2 statements'),
    (5, $$source => 'DELETE FROM payments', event_ts => 'at'$$, '42601 | syntax error at or near "FROM"'),
    (6, $$source => 'WITH d AS (DELETE FROM payments RETURNING *) SELECT * FROM d', event_ts => 'paid_at'$$,
        '0A000 | a query of the feature store must be a SELECT that writes and locks nothing'),
    (7, $$source => 'payments', event_ts => 'at', features => '["amuont"]'$$,
        '42703 | the source of feature view "x" lacks at, amuont | It has user_id, paid_at, seen_at, amount, note. | Name columns of the source, or say in key_map and features what they are called there.'),
    (8, $$source => 'SELECT 1 AS uid, now() AS at, 2 AS f', event_ts => 'at'$$,
        '42703 | the source of feature view "x" lacks user_id | It has uid, at, f. | Name columns of the source, or say in key_map and features what they are called there.'),
    (9, $$source => 'SELECT 1 AS user_id, localtimestamp AS at, 2 AS f', event_ts => 'at'$$,
        '42804 | event_ts of feature view "x" must be timestamp with time zone, not timestamp without time zone | Say which zone it is in, for example column AT TIME ZONE ''UTC''.'),
    (10, $$source => 'SELECT 1 AS user_id, current_date AS at, 2 AS f', event_ts => 'at'$$,
        '42804 | event_ts of feature view "x" must be timestamp with time zone, not date | Say which zone it is in, for example (day::timestamp AT TIME ZONE ''UTC'').'),
    (11, $$source => 'SELECT ''1''::text AS user_id, now() AS at, 2 AS f', event_ts => 'at'$$,
        '42804 | key "user_id" of feature view "x" is text, its entity has bigint | Cast one of them where it is defined; keys are never compared as text.'),
    (12, $$source => 'SELECT 1::float8 AS user_id, now() AS at, 2 AS f', event_ts => 'at'$$,
        '42804 | key "user_id" of feature view "x" is double precision, its entity has bigint | Cast one of them where it is defined; keys are never compared as text.'),
    (13, $$source => 'SELECT 1::int2 AS user_id, now() AS at, 2 AS f', event_ts => 'at'$$, 'no error'),
    (14, $$source => 'payments', event_ts => 'paid_at', features => '{"f": "random()"}'$$,
        '0A000 | feature view "x" calls a volatile function | A feature must be the same whenever it is computed; use immutable or stable functions.'),
    (15, $$source => 'SELECT *, volatile_one() FROM payments', event_ts => 'paid_at'$$,
        '0A000 | feature view "x" calls a volatile function | A feature must be the same whenever it is computed; use immutable or stable functions.'),
    (16, $$source => 'payments', event_ts => 'paid_at', features => '{"f": "sum(amount) OVER ()"}'$$,
        '0A000 | features of view "x" are aggregates | Aggregate in the source query, or define windows.'),
    (17, $$source => 'payments', event_ts => 'paid_at', ttl => '-1 day'$$, '22023 | ttl must be positive: -1 days | Leave it out for no limit.'),
    (18, $$source => 'payments', event_ts => 'paid_at', ttl => '0'$$, '22023 | ttl must be positive: 00:00:00 | Leave it out for no limit.'),
    (19, $$source => 'payments', event_ts => 'paid_at', ttl => '1 month'$$,
        '22023 | ttl must not have months or years: 1 mon | Months differ in length; give days or hours.'),
    (20, $$source => 'payments', event_ts => 'paid_at', features => '{"user_id": "amount"}'$$,
        '42701 | "user_id" is twice in feature view "x" | Keys, features and windows of a view need different names.'),
    (21, $$source => 'payments', event_ts => 'paid_at', features => '{"Amount": "amount"}'$$,
        '42602 | a feature has an invalid name: "Amount" | Use lower-case letters, digits and underscores, at most 48.'),
    (22, $$source => 'payments', event_ts => 'paid_at', features => '{"event_ts": "paid_at"}'$$,
        '42939 | feature "event_ts" of view "x" has a name of the feature store itself | Choose another name; endings _input, _status and _age are taken as well.'),
    (23, $$source => 'payments', event_ts => 'paid_at', features => '[]'$$, '22023 | feature view "x" has no feature | Name them in features, or define windows.'),
    (24, $$source => 'payments', event_ts => 'paid_at', features => '3'$$,
        '22023 | features must be a JSON object or array | For example {"amount": "amount", "is_big": "amount > 100"}.'),
    (25, $$source => 'payments', event_ts => 'paid_at', on_tie => 'first'$$, '22023 | on_tie must be "any" or "error", not "first"'),
    (26, $$managed => true, source => 'payments', features => '{"f": "int"}'$$,
        '22023 | a managed feature view keeps its own history and has no source | Drop source, event_ts, created_ts and key_map, or drop managed; push rows of a source with quiver.feature_push.'),
    (27, $$managed => true, features => '{"f": "no_type"}'$$, '42704 | type "no_type" does not exist'),
    (28, $$source => 'payments', event_ts => 'paid_at', windows => '[{"name": "w", "agg": "summ", "column": "amount", "window": "1 day"}]'$$,
        '42704 | window aggregate "summ" does not exist | Perhaps you meant "sum".'),
    (29, $$source => 'payments', event_ts => 'paid_at', windows => '[{"name": "w", "agg": "sum", "window": "1 day"}]'$$,
        '22023 | window "w" needs a column to compute sum of'),
    (30, $$source => 'payments', event_ts => 'paid_at', windows => '[{"name": "w", "agg": "count"}]'$$,
        '22023 | window "w" has no width | For example "window": "7 days".'),
    (31, $$source => 'payments', event_ts => 'paid_at', windows => '[{"name": "w", "agg": "count", "window": "-1 h"}]'$$,
        '22023 | window "w" must be positive: -01:00:00 | Leave it out for no limit.'),
    (32, $$source => 'payments', event_ts => 'paid_at', windows => '[{"name": "w", "agg": "percentile", "column": "amount", "window": "1 h"}]'$$,
        '22023 | window "w" needs an argument between 0 and 1, the fraction'),
    (33, $$source => 'payments', event_ts => 'paid_at', windows => '[{"name": "w", "agg": "count", "window": "1 h", "bound": "[]"}]'$$,
        '22023 | window "w" has an unknown bound: [] | Use "[)", from t - window to before t, or "(]", after t - window to t.'),
    (34, $$source => 'payments', event_ts => 'paid_at', windows => '[{"name": "w", "agg": "count", "window": "a week"}]'$$,
        '22023 | window "w": invalid input syntax for type interval: "a week" | For example "window": "7 days", "argument": 0.5.'),
    (35, $$source => 'payments', event_ts => 'paid_at', windows => '[{"name": "w", "agg": "top_k", "column": "amount", "window": "1 h", "argument": "few"}]'$$,
        '22023 | window "w": invalid input syntax for type double precision: "few" | For example "window": "7 days", "argument": 0.5.')
) AS cases (n, arguments, error) ORDER BY n;

SELECT is(pg_temp.refusal_of(statement), error, statement)
FROM (VALUES
    (1, $$SELECT quiver.feature_create_view('x', 'custommer', source => 'payments', event_ts => 'paid_at')$$,
        '42704 | entity "custommer" does not exist | Perhaps you meant "customer".'),
    (2, $$SELECT quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at', features => '["amount"]')$$,
        '42710 | feature view "spend" already exists with another definition | Pass replace => true to make it a new version; the old one stays as it is.'),
    (3, $$SELECT quiver.feature_create_view('pushed', 'customer', managed => true, features => '{"score": "int"}', replace => true)$$,
        '42804 | feature "score" of view "pushed" has type double precision in its history, not integer | Give the feature of another type another name.'),
    (4, $$SELECT quiver.feature_create_entity('customer', '{"user_id": "text"}')$$,
        '42710 | entity "customer" already exists with other keys | It has (user_id) of types (bigint). | Keys of an entity are fixed; make another entity.'),
    (5, $$SELECT quiver.feature_create_entity('doc', '{"body": "json"}')$$,
        '42804 | type json cannot be a key | A key needs a btree operator class.'),
    (6, $$SELECT quiver.feature_drop_entity('customer')$$,
        '55006 | entity "customer" is in use | Feature views: pushed, spend, x. | Drop the feature views first.'),
    (7, $$SELECT quiver.feature_create_service('s', ARRAY['spend:amount'], transforms => '{"t": "random() * amount"}')$$,
        '0A000 | transform "t" calls a volatile function | It must give the same online and offline; use immutable or stable functions.'),
    (8, $$SELECT quiver.feature_create_service('s', ARRAY['spend:amount'], transforms => '{"t": "amount + (SELECT 1)"}')$$,
        '0A000 | transform "t" must be an expression of one row | Aggregates and subqueries belong in feature views.'),
    (9, $$SELECT quiver.feature_create_service('s', ARRAY['spend:amount'], transforms => '{"a": "b + amount", "b": "a"}')$$,
        '22023 | transforms a, b mention one another'),
    (10, $$SELECT quiver.feature_create_service('s', ARRAY['spend:amount'], inputs => '{"amount": "int"}')$$,
        '42701 | "amount" is twice in feature service "s" | Inputs, features and transforms need different names.')
) AS cases (n, statement, error) ORDER BY n;

CREATE ROLE feature_stranger;
SET LOCAL ROLE feature_stranger;
SELECT is(pg_temp.refusal_of(statement), '42501 | role "feature_stranger" is not an author of the feature store | '
    'Its owner makes it one: SELECT quiver.feature_grant_author(''feature_stranger'').', statement)
FROM unnest(ARRAY[
    $$SELECT quiver.feature_create_entity('theirs', '{"id": "int"}')$$,
    $$SELECT quiver.feature_create_view('theirs', 'customer', source => 'payments', features => '["amount"]')$$,
    $$SELECT quiver.feature_create_service('theirs', '{spend:amount}')$$,
    $$SELECT quiver.feature_create_rule('spend', 'theirs', 'amount > 0', 'block')$$,
    $$SELECT quiver.feature_create_profile('spend', 'theirs')$$]) AS statement;
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
