// The rows of the as-of benchmark: made by the server, given to DuckDB as files.
export const size = {
    spine: Number(process.env.SPINE ?? 1000000),
    history: Number(process.env.HISTORY ?? 10000000),
    entities: Number(process.env.ENTITIES ?? 100000),
};

// Events of one source arrive in order of time, keys at random; labels are spread over the same time.
export async function fill(session) {
    const { spine, history, entities } = size;
    await session.rows('CREATE EXTENSION quiver');
    const key = (seed) => `((hashint4(${seed}) & 2147483647) % ${entities})`;
    await session.rows(`CREATE TABLE history AS
        SELECT ${key('i')} AS k, timestamptz '2024-01-01' + i * interval '3 seconds' AS ts,
               i % 1000 AS v, i % 7 AS v2, i % 11 AS v3, i % 13 AS v4, i % 17 AS v5
        FROM generate_series(1, ${history}) i`);
    await session.rows('CREATE INDEX ON history (k, ts)');
    await session.rows(`CREATE TABLE spine AS
        SELECT i AS sid, ${key('i + 77')} AS k,
               timestamptz '2024-01-01' + ((hashint4(i * 3) & 2147483647) % ${3 * history}) * interval '1 second' AS ts
        FROM generate_series(1, ${spine}) i`);
    await session.rows('VACUUM ANALYZE history');
    await session.rows('VACUUM ANALYZE spine');
}

// Four more histories of the same shape, for a training set over five sources.
export async function fillSources(session) {
    for (const n of [2, 3, 4, 5]) {
        await session.rows(`CREATE TABLE history${n} AS SELECT * FROM history`);
        await session.rows(`VACUUM ANALYZE history${n}`);
    }
}

// The same events of fewer entities, so that windows are long.
export async function fillDense(session, keys) {
    await session.rows(`CREATE TABLE dense AS SELECT k % ${keys} AS k, ts, v FROM history`);
    await session.rows('CREATE INDEX ON dense (k, ts)');
    await session.rows('VACUUM ANALYZE dense');
}

export async function exportRows(session, folder) {
    await session.rows(`COPY history TO '${folder}/history.csv' (FORMAT csv)`);
    await session.rows(`COPY spine TO '${folder}/spine.csv' (FORMAT csv)`);
}
