// DuckDB in this process: the same rows in its memory, its ASOF JOIN.
import { createRequire } from 'node:module';
import { join } from 'node:path';

export async function openDuck(folder) {
    const require = createRequire(join(process.env.BENCH_DATA, 'package.json'));
    const { DuckDBInstance } = require('@duckdb/node-api');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const columns = 'k INTEGER, ts TIMESTAMPTZ, v INTEGER, v2 INTEGER, v3 INTEGER, v4 INTEGER, v5 INTEGER';
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run(`CREATE TABLE history (${columns})`);
    await connection.run('CREATE TABLE spine (sid INTEGER, k INTEGER, ts TIMESTAMPTZ)');
    await connection.run(`COPY history FROM '${folder}/history.csv' (HEADER false)`);
    await connection.run(`COPY spine FROM '${folder}/spine.csv' (HEADER false)`);
    return {
        async version() {
            return (await connection.runAndReadAll('SELECT version()')).getRows()[0][0];
        },
        async run(sql, threads) {
            await connection.run(`SET threads = ${threads}`);
            const started = process.hrtime.bigint();
            const rows = (await connection.runAndReadAll(sql)).getRows();
            const seconds = Number(process.hrtime.bigint() - started) / 1e9;
            return { seconds, checksum: rows[0].map(String).join(' ') };
        },
        close: () => connection.closeSync(),
    };
}

export const duckQuery = `SELECT count(v), sum(v), sum(sid % 1000 * v)
    FROM spine ASOF LEFT JOIN history ON spine.k = history.k AND spine.ts >= history.ts`;
