// What is measured: the LATERAL idiom, and the SQL that Feast renders for PostgreSQL.
const lookup = (table, columns) => `LEFT JOIN LATERAL (SELECT ${columns} FROM ${table} h
    WHERE h.k = s.k AND h.ts <= s.ts ORDER BY h.ts DESC LIMIT 1)`;

export const joinQuery = (spine = 'spine') => `SELECT count(v), sum(v), sum(sid % 1000 * v)
    FROM ${spine} s ${lookup('history', 'h.v')} f ON true`;

export const fewQuery = (rows) => joinQuery(`(SELECT * FROM spine WHERE sid <= ${rows})`);

export const oneSource = `SELECT count(f.v), sum(f.v), sum(f.v2), sum(f.v3), sum(f.v4), sum(f.v5)
    FROM spine s ${lookup('history', 'h.v, h.v2, h.v3, h.v4, h.v5')} f ON true`;

export const fiveSources = `SELECT count(f1.v), sum(f1.v), sum(f2.v2), sum(f3.v3), sum(f4.v4), sum(f5.v5) FROM spine s
    ${lookup('history', 'h.v')} f1 ON true ${lookup('history2', 'h.v2')} f2 ON true
    ${lookup('history3', 'h.v3')} f3 ON true ${lookup('history4', 'h.v4')} f4 ON true
    ${lookup('history5', 'h.v5')} f5 ON true`;

// The steps of Feast's template: candidates by key and time, the newest by row_number over a text
// identity of the spine row, joined back by that identity.
export const feastQuery = (rows) => `
    WITH entity AS (SELECT *, k::text || ts::text AS id FROM spine WHERE sid <= ${rows}),
    ids AS (SELECT DISTINCT k, ts, id FROM entity),
    subquery AS (SELECT ts AS feature_ts, k, v FROM history WHERE ts <= (SELECT max(ts) FROM entity)),
    base AS (SELECT f.*, e.ts, e.id FROM subquery f JOIN ids e ON f.feature_ts <= e.ts AND f.k = e.k),
    latest AS (SELECT feature_ts, id, row_number() OVER (PARTITION BY id ORDER BY feature_ts DESC) AS n FROM base),
    cleaned AS (SELECT b.* FROM base b JOIN (SELECT * FROM latest WHERE n = 1) l USING (id, feature_ts))
    SELECT count(v), sum(v), sum(sid % 1000 * v) FROM entity LEFT JOIN (SELECT id, v FROM cleaned) c USING (id)`;

// 30 days of events before each label: the LATERAL idiom, and the join that people group by the label.
const spineOf = (rows, keys) => `(SELECT sid, k % ${keys} AS k, ts FROM spine WHERE sid <= ${rows}) s`;
const totals = 'count(*), sum(n), sum(total), sum(round(mean::numeric, 6))';
const inWindow = "h.k = s.k AND h.ts >= s.ts - interval '30 days' AND h.ts < s.ts";
export const windowQuery = (table, rows, keys) => `SELECT ${totals} FROM (SELECT w.* FROM ${spineOf(rows, keys)}
    LEFT JOIN LATERAL (SELECT count(*) AS n, sum(h.v) AS total, avg(h.v) AS mean FROM ${table} h
    WHERE ${inWindow}) w ON true) r`;
export const groupedQuery = (table, rows, keys) => `SELECT ${totals} FROM (SELECT s.sid, count(h.v) AS n, sum(h.v) AS total,
    avg(h.v) AS mean FROM ${spineOf(rows, keys)} LEFT JOIN ${table} h ON ${inWindow} GROUP BY s.sid) r`;
