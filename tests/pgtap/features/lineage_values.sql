-- Lineage of features to columns, what a column reaches, OpenLineage events.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(13);

CREATE TABLE shop (id int, country text, open boolean);
CREATE VIEW paid AS SELECT p.user_id, p.paid_at, p.amount * 2 AS doubled, p.note FROM payments p;
SELECT quiver.feature_create_view('spend', 'customer', source => 'SELECT p.user_id, p.paid_at, p.doubled + 1 AS more, s.country '
    'FROM paid p JOIN shop s ON s.id = p.user_id AND s.open', event_ts => 'paid_at', features => '["more", "country"]',
    windows => '[{"name": "n", "agg": "sum", "column": "more", "window": "1 day"}]');
SELECT set_eq($$SELECT feature, relation::text, source_column FROM quiver.feature_lineage('spend')$$,
    $$VALUES ('country', 'shop', 'country'), ('event_ts', 'payments', 'paid_at'), ('event_ts', 'paid', 'paid_at'), ('more', 'payments', 'amount'),
        ('more', 'paid', 'doubled'), ('n', 'payments', 'amount'), ('n', 'paid', 'doubled'), ('user_id', 'payments', 'user_id'), ('user_id', 'paid', 'user_id')$$,
    'each feature is traced through views to columns');

CREATE FUNCTION pg_temp.sources(query text) RETURNS text LANGUAGE sql AS
    $$SELECT string_agg(DISTINCT place || ':' || name, ' ' ORDER BY place || ':' || name) FROM quiver.feature_query_lineage(query)$$;
SELECT is(pg_temp.sources($$SELECT amount FROM payments UNION SELECT id FROM shop$$), '1:amount 1:id', 'a set operation has the columns of all its parts');
SELECT is(pg_temp.sources($$WITH c AS (SELECT note AS x FROM payments) SELECT x || 'a' FROM c$$), '1:note', 'a CTE is looked through');
SELECT is(pg_temp.sources($$SELECT user_id, sum(amount) FROM payments WHERE note = 'x' GROUP BY user_id HAVING count(seen_at) > 1$$), '1:user_id 2:amount',
    'filters and groups are not values');
SELECT is(pg_temp.sources($$SELECT (SELECT max(id) FROM shop s WHERE s.country = p.note) FROM payments p$$), '1:id', 'a subquery has its own');
SELECT is(pg_temp.sources($$SELECT l.x FROM payments p CROSS JOIN LATERAL (SELECT p.amount + s.id AS x FROM shop s) l$$), '1:amount 1:id', 'LATERAL sees both');
SELECT is(pg_temp.sources($$SELECT user_id FROM payments JOIN (SELECT id AS user_id FROM shop) s USING (user_id)$$), '1:user_id', 'USING has the column of the left');
SELECT is(pg_temp.sources($$SELECT x FROM payments p, unnest(ARRAY[p.amount]) AS x$$), '1:amount', 'functions in FROM have their arguments');

SELECT quiver.feature_create_service('risk', ARRAY['spend:more', 'spend:country'], transforms => '{"half": "more / 2"}');
CREATE TABLE label AS SELECT 1 AS user_id, now() AS event_ts;
CALL quiver.feature_create_dataset('ds', 'label', service => 'risk');
SELECT set_eq($$SELECT kind, object, version, detail FROM quiver.feature_impact('payments', 'amount')$$,
    $$VALUES ('feature', 'spend', 1, 'more, n'), ('service', 'risk', 1, 'more'), ('transform', 'risk', 1, 'half'), ('dataset', 'ds', NULL, 'spend@1')$$,
    'one call says what a column reaches');
SELECT set_eq($$SELECT kind, detail FROM quiver.feature_impact('shop', 'open')$$,
    $$VALUES ('view', 'which rows there are'), ('service', 'which rows there are'), ('dataset', 'spend@1')$$, 'also a column that only filters');
SELECT is((SELECT count(*) FROM quiver.feature_impact('payments', 'note')), 0::bigint, 'and nothing if nothing uses it');
SELECT throws_ok($$SELECT quiver.feature_impact('payments', 'amuont')$$, '42704', NULL, 'an unknown column is refused');
SELECT ok((SELECT event ->> 'eventType' = 'COMPLETE' AND event #>> '{job,name}' = 'dataset.ds' AND event #>> '{inputs,0,name}' = 'public.spend_v1'
    AND event #>> '{outputs,0,outputFacets,outputStatistics,rowCount}' = '1' AND event #>> '{run,runId}' = id::text FROM quiver.feature_openlineage),
    'a run is an OpenLineage event');

SELECT * FROM finish();
ROLLBACK;
