// Time every side in turns, compare checksums, write the tables.
import { execSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir, loadavg, cpus } from 'node:os';
import { join } from 'node:path';
import { Session } from '../sql/session.mjs';
import { exportRows, fill, fillDense, fillSources, size } from './data.mjs';
import { duckQuery, openDuck } from './duck.mjs';
import { feastQuery, fewQuery, fiveSources, groupedQuery, joinQuery, oneSource, windowQuery } from './queries.mjs';

const runs = Number(process.env.RUNS ?? 5);
const parts = (process.env.PARTS ?? 'join few memory views windows').split(' ');
const database = process.env.PGDATABASE;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const seconds = (value) => (value < 0.1 ? `${(value * 1000).toFixed(2)} ms` : `${value.toFixed(2)} s`);
const lines = [];
const say = (line) => (lines.push(line), console.log(line));

const session = new Session(database);
const set = (settings) =>
    session.rows(Object.entries(settings).map(([name, value]) => `SET ${name} = ${value}`).join('; '));

async function timed(sql, settings = {}) {
    await set(settings);
    const started = process.hrtime.bigint();
    const rows = await session.rows(sql);
    const taken = Number(process.hrtime.bigint() - started) / 1e9;
    await session.rows('RESET ALL');
    return { seconds: taken, checksum: rows.map((row) => row.join(' ')).join(' ') };
}

// Sides in turns, so that a busy minute hits all of them.
async function compare(sides, count = runs) {
    const results = sides.map(() => []);
    for (let run = 0; run <= count; run++) {
        for (const [i, side] of sides.entries()) {
            const result = await side.run();
            if (run > 0) results[i].push(result.seconds); // the first warms up
            side.checksum = result.checksum;
        }
    }
    const wrong = sides.filter((side) => side.checksum !== sides[0].checksum);
    if (wrong.length > 0) throw new Error(`${wrong[0].name}: ${wrong[0].checksum}, not ${sides[0].checksum}`);
    sides.forEach((side, i) => (side.median = median(results[i])));
    return sides;
}

const node = { max_parallel_workers_per_gather: 1 };
const alone = { max_parallel_workers_per_gather: 0 };
const probes = { 'quiver.enable_asof_join': 'off' };

async function joins(folder) {
    await exportRows(session, folder);
    const duck = await openDuck(folder);
    const version = await duck.version();
    const sides = await compare([
        { name: 'as-of join, two processes', run: () => timed(joinQuery(), node) },
        { name: 'as-of join, one process', run: () => timed(joinQuery(), alone) },
        { name: `DuckDB ${version}, two threads`, run: () => duck.run(duckQuery, 2) },
        { name: `DuckDB ${version}, one thread`, run: () => duck.run(duckQuery, 1) },
        { name: 'LATERAL on an index', run: () => timed(joinQuery(), probes) },
    ]);
    duck.close();
    const tenth = Math.round(size.spine / 10);
    const feast = await compare(
        [
            { name: 'ours', run: () => timed(fewQuery(tenth), node) },
            { name: 'Feast', run: () => timed(feastQuery(tenth), { ...node, work_mem: "'256MB'" }) },
        ],
        1,
    );
    const [two, one, duckTwo, duckOne, lateral] = sides.map((side) => side.median);
    const feastTime = feast[1].median * 10;
    say('\n| side | median | as-of join, two processes, takes |\n|---|---|---|');
    sides.forEach((side) => say(`| ${side.name} | ${seconds(side.median)} | ${(two / side.median).toFixed(2)} of it |`));
    say(`| SQL as Feast renders it, a tenth of the spine times ten | ${seconds(feastTime)} | 1/${(feastTime / two).toFixed(0)} of it |`);
    say(`\nOne process against one thread: ${(one / duckOne).toFixed(2)}; two against two: ${(two / duckTwo).toFixed(2)};`);
    say(`against LATERAL: ${(two / lateral).toFixed(2)} with two processes, ${(one / lateral).toFixed(2)} with one.`);
}

async function few() {
    say('\n| spine rows | chosen by the planner | LATERAL on an index | ratio | plan |\n|---|---|---|---|---|');
    for (const [rows, repeat] of [[10, 400], [1000, 60], [10000, 10], [100000, 5], [200000, 3], [500000, 3]]) {
        if (rows > size.spine) continue;
        // One query of each side in turn: a worker that starts late is then nobody's advantage.
        const [chosen, lateral] = await compare(
            [
                { name: 'chosen', run: () => timed(fewQuery(rows), node) },
                { name: 'LATERAL', run: () => timed(fewQuery(rows), { ...node, ...probes }) },
            ],
            repeat,
        );
        await set(node);
        const plan = (await session.rows(`EXPLAIN (COSTS off) ${fewQuery(rows)}`)).flat().join(' ');
        await session.rows('RESET ALL');
        const ratio = (chosen.median / lateral.median).toFixed(2);
        say(`| ${rows} | ${seconds(chosen.median)} | ${seconds(lateral.median)} | ${ratio} | ${/AsofJoin/.test(plan) ? 'as-of join' : 'probes'} |`);
    }
}

// Private memory of the session's process at its fullest, sampled while the join runs.
async function memory() {
    say('\n| work_mem | limit | strategy | time | private memory at most, above an idle session |\n|---|---|---|---|---|');
    for (const kilobytes of [4096, 16384, 65536, 262144]) {
        const session2 = new Session(database);
        await session2.rows(`SET work_mem = ${kilobytes}; SET max_parallel_workers_per_gather = 0; SET quiver.asof_strategy = hash`);
        const pid = (await session2.rows('SELECT pg_backend_pid()'))[0][0];
        const anonymous = () => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
        await session2.rows(joinQuery('(SELECT * FROM spine WHERE sid <= 10)'));
        const idle = anonymous();
        let most = idle;
        const timer = setInterval(() => (most = Math.max(most, anonymous())), 5);
        const started = process.hrtime.bigint();
        const plan = (await session2.rows(`EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) ${joinQuery()}`)).flat();
        const taken = Number(process.hrtime.bigint() - started) / 1e9;
        clearInterval(timer);
        await session2.end();
        const strategy = plan.find((line) => /Strategy/.test(line)).replace(/.*Strategy: /, '');
        say(`| ${kilobytes / 1024} MB | ${kilobytes / 512} MB | ${strategy} | ${seconds(taken)} | ${Math.round((most - idle) / 1024)} MB |`);
    }
}

async function views() {
    await fillSources(session);
    const [one, shared, five] = await Promise.resolve(
        [joinQuery(), oneSource, fiveSources],
    ).then(async (queries) => {
        const medians = [];
        for (const query of queries) {
            const [side] = await compare([{ name: 'views', run: () => timed(query, { ...node, work_mem: "'256MB'" }) }]);
            medians.push(side.median);
        }
        return medians;
    });
    say('\n| features | time | of one join |\n|---|---|---|');
    say(`| one view | ${seconds(one)} | 1 |`);
    say(`| five over one source, one lookup | ${seconds(shared)} | ${(shared / one).toFixed(2)} |`);
    say(`| five over five sources | ${seconds(five)} | ${(five / one).toFixed(2)} |`);
}

// The SQL that people write is run over a share of the spine and its time multiplied; results are compared over that share.
// Join and GROUP BY visits each pair of a key, which for long histories takes minutes: there it is left out.
async function windows() {
    const memory = { work_mem: "'512MB'", statement_timeout: "'10min'" };
    const dense = Math.min(1000, size.entities);
    await fillDense(session, dense);
    say('\n30 days of count, sum, avg before each row of the spine; work_mem 512 MB.');
    for (const [table, keys, share] of [['history', size.entities, 10], ['dense', dense, 50]]) {
        const rows = Math.round(size.spine / share);
        const written = [
            { name: 'LATERAL on an index', run: () => timed(windowQuery(table, rows, keys), { ...alone, ...memory, ...probes }) },
            { name: 'join and GROUP BY', run: () => timed(groupedQuery(table, rows, keys), { ...alone, ...memory, ...probes }) },
        ].slice(0, table === 'dense' ? 1 : 2);
        await compare([{ name: 'windows node, that share', run: () => timed(windowQuery(table, rows, keys), { ...alone, ...memory, 'quiver.asof_strategy': 'hash' }) }, ...written], 1);
        const whole = await compare(
            [
                { name: 'windows node, two processes', run: () => timed(windowQuery(table, size.spine, keys), { ...node, ...memory }) },
                { name: 'windows node, one process', run: () => timed(windowQuery(table, size.spine, keys), { ...alone, ...memory }) },
            ],
            Math.min(runs, 3),
        );
        const best = whole[0].median;
        const row = (name, time) => say(`| ${name} | ${seconds(time)} | 1/${(time / best).toFixed(1)} |`);
        say(`\n| ${keys} entities, about ${Math.round((size.history / keys) * (2592000 / (3 * size.history)))} events a window | time | windows node takes |\n|---|---|---|`);
        whole.forEach((side) => row(side.name, side.median));
        written.forEach((side) => row(`${side.name}, 1/${share} of the spine, times ${share}`, side.median * share));
    }
}

const folder = mkdtempSync(join(tmpdir(), 'quiver-asof.'));
chmodSync(folder, 0o777);
try {
    await fill(session);
    say(`${size.spine} spine rows, ${size.history} history rows in order of time, ${size.entities} entities, all in memory; medians of ${runs} runs in turns.`);
    if (parts.includes('join')) await joins(folder);
    if (parts.includes('few')) await few();
    if (parts.includes('memory')) await memory();
    if (parts.includes('views')) await views();
    if (parts.includes('windows')) await windows();
    const commit = execSync('git describe --always --dirty', { encoding: 'utf8' }).trim();
    const server = (await session.rows('SHOW server_version'))[0][0];
    const load = loadavg()[0].toFixed(1);
    if (process.env.WRITE === '1')
        writeFileSync(
            process.env.BENCH_DOCUMENT,
            ['# As-of joins, measured', '', `\`WRITE=1 make bench-asof\` at ${commit}; PostgreSQL ${server}, ${cpus()[0].model}, ${cpus().length} processors,`,
                `load ${load} at the end. Settings are in bench/features/run.sh; DuckDB's rows are in its memory before the clock starts.`, '', ...lines, ''].join('\n'),
        );
} finally {
    rmSync(folder, { recursive: true, force: true });
    await session.end();
}
