-- As-of joins and windows
-- Each of 20,000 orders needs the price as it was then, and what its customer spent in the thirty
-- days before. The SQL is what people write; the plan nodes are quiver's.

\set show off
SET client_min_messages = warning;
CREATE TABLE price_list AS
SELECT i % 500 AS item, timestamptz '2024-01-01Z' + i * interval '2 minutes' AS since,
    (10 + i * 7919 % 90)::numeric AS amount
FROM generate_series(1, 200000) AS i;
CREATE INDEX ON price_list (item, since);
CREATE TABLE purchase AS
SELECT i AS id, i * 31 % 500 AS item, i * 17 % 300 AS customer,
    timestamptz '2024-01-10Z' + i * interval '15 minutes' AS at
FROM generate_series(1, 20000) AS i;
CREATE INDEX ON purchase (customer, at);
ANALYZE price_list, purchase;
\set show on

EXPLAIN (COSTS OFF)
SELECT p.id, f.amount
FROM purchase p
LEFT JOIN LATERAL (SELECT amount FROM price_list
                   WHERE price_list.item = p.item AND since <= p.at
                   ORDER BY since DESC LIMIT 1) AS f ON true;

CREATE TABLE paid AS
SELECT p.*, f.amount
FROM purchase p
LEFT JOIN LATERAL (SELECT amount FROM price_list
                   WHERE price_list.item = p.item AND since <= p.at
                   ORDER BY since DESC LIMIT 1) AS f ON true;

-- Windows are strictly before the order: it is not to know itself.

\set show off
CREATE INDEX ON paid (customer, at);
ANALYZE paid;
\set show on

SELECT p.id, w.orders, w.spent
FROM paid p
LEFT JOIN LATERAL (SELECT count(*) AS orders, sum(amount) AS spent FROM paid h
                   WHERE h.customer = p.customer
                       AND h.at >= p.at - interval '30 days' AND h.at < p.at) AS w ON true
ORDER BY p.id DESC LIMIT 3;

-- The same answer from the ordinary plan, one index probe a row.

SET quiver.enable_asof_join = off;

SELECT p.id, w.orders, w.spent
FROM paid p
LEFT JOIN LATERAL (SELECT count(*) AS orders, sum(amount) AS spent FROM paid h
                   WHERE h.customer = p.customer
                       AND h.at >= p.at - interval '30 days' AND h.at < p.at) AS w ON true
ORDER BY p.id DESC LIMIT 3;

RESET quiver.enable_asof_join;
