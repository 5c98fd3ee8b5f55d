// What the SQL benchmark measures: the tables it makes and the queries it runs on them.

// Both sides get the same tables: one a type, with the column v.
export const types = {
    vector: { from: 'base_vector', expression: 'v', metrics: ['<->', '<#>', '<=>', '<+>'] },
    halfvec: {
        from: 'base_vector',
        expression: 'v::halfvec',
        metrics: ['<->', '<#>', '<=>', '<+>'],
    },
    bit: { from: 'base_vector', expression: 'binary_quantize(v)', metrics: ['<~>', '<%>'] },
    sparsevec: { from: 'base_sparsevec', expression: 'v', metrics: ['<->', '<#>', '<=>', '<+>'] },
};

export const sets = {
    words: { dimensions: 100, textRows: 100000 },
    clustered: { dimensions: 768, textRows: 10000 },
};

export const storages = ['PLAIN', 'EXTERNAL'];

// The time of ours over theirs that must not be passed.
// COPY spends much of its own on escaping, so that a text's share in it is smaller.
export const bars = { scan: 1.0, nearest: 1.0, text: 0.8, copy: 1.0 };

// Statements that lay out one type's table.
export function layout(type, set, storage) {
    const { from, expression } = types[type];
    const column = `${type}(${sets[set].dimensions})`;
    return [
        `DROP TABLE IF EXISTS data`,
        `CREATE UNLOGGED TABLE data (v ${column})`,
        `ALTER TABLE data ALTER v SET STORAGE ${storage}`,
        `INSERT INTO data SELECT ${expression} FROM ${from}`,
        `VACUUM (FREEZE, ANALYZE) data`,
        `SELECT pg_prewarm('data'), pg_prewarm(reltoastrelid::regclass)
            FROM pg_class WHERE oid = 'data'::regclass AND reltoastrelid <> 0`,
    ];
}

// The query vector, as a literal: row 1000.
export function queryLiteral(type, set) {
    const { from, expression } = types[type];
    return `SELECT quote_literal(${expression}) || '::${type}(${sets[set].dimensions})'
        FROM ${from} LIMIT 1 OFFSET 1000`;
}

// A case: what is timed, and a query whose numbers must agree between the sides, relative to the
// sum of magnitudes in its second column.
export function scanCases(type, query) {
    const distance = (metric) => `v ${metric} ${query}`;
    const scans = types[type].metrics.map((metric) => ({
        kind: 'scan',
        what: `sum(v ${metric} q)`,
        timed: `SELECT sum(${distance(metric)}) FROM data`,
        checked: `SELECT sum(d), sum(abs(d))
            FROM (SELECT ${distance(metric)} AS d FROM data) AS distances`,
    }));
    const metric = types[type].metrics[0];
    const nearest = `SELECT ${distance(metric)} AS d FROM data
        ORDER BY ${distance(metric)} LIMIT 10`;
    return [
        ...scans,
        {
            kind: 'nearest',
            what: `ORDER BY v ${metric} q LIMIT 10`,
            timed: nearest,
            checked: `SELECT sum(d), sum(abs(d)) FROM (${nearest}) AS nearest`,
        },
    ];
}

export function textLayout(type, set) {
    const { from, expression } = types[type];
    const column = `${type}(${sets[set].dimensions})`;
    return [
        `DROP TABLE IF EXISTS data, texts`,
        `CREATE UNLOGGED TABLE data AS
            SELECT (${expression})::${column} AS v FROM ${from} LIMIT ${sets[set].textRows}`,
        `CREATE UNLOGGED TABLE texts AS SELECT v::text AS t FROM data`,
        `VACUUM (FREEZE, ANALYZE) data`,
        `VACUUM (FREEZE, ANALYZE) texts`,
        `SELECT pg_prewarm(oid), pg_prewarm(reltoastrelid::regclass)
            FROM pg_class WHERE relname IN ('data', 'texts') AND reltoastrelid <> 0`,
    ];
}

// Hashes of the texts must be equal, not merely near.
export function textCases(type) {
    const printed = `SELECT sum(hashtextextended(v::text, 0)), 0 FROM data`;
    return [
        {
            kind: 'text',
            what: 'v::text',
            timed: 'SELECT sum(octet_length(v::text)) FROM data',
            checked: printed,
        },
        {
            kind: 'text',
            what: `t::${type}`,
            timed: `SELECT count(t::${type}) FROM texts`,
            checked: `SELECT sum(hashtextextended(t::${type}::text, 0)), 0 FROM texts`,
        },
        {
            kind: 'copy',
            what: 'COPY TO, text',
            timed: `COPY data TO '/dev/null'`,
            checked: printed,
        },
    ];
}
