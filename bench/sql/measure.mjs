// Time quiver against pgvector in one server: the same rows, queries and settings in two databases,
// runs taken in turns. Started by run.sh. Prints a table; with WRITE=1 also the document.
//
// Exit status: 0 all bars met, 1 answers differ or an error, 3 a bar was missed.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import {
    bars,
    layout,
    queryLiteral,
    scanCases,
    sets,
    storages,
    textCases,
    textLayout,
    types,
} from './cases.mjs';
import { document, row, header } from './report.mjs';
import { Session } from './session.mjs';

const runs = Number(process.env.RUNS ?? 7);
const shortestRun = 50; // milliseconds
const data = process.env.BENCH_DATA;
const wantedSets = (process.env.SETS ?? 'words clustered').split(' ');
const wantedTypes = (process.env.TYPES ?? Object.keys(types).join(' ')).split(' ');
const wantedStorages = (process.env.STORAGES ?? [...storages, 'text'].join(' ')).split(' ');
// Milliseconds: of the wall, or of this backend on a processor (for a busy machine).
const clock = {
    wall: `extract(epoch FROM clock_timestamp()) * 1000`,
    cpu: `split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::float8 / 1e6`,
}[process.env.CLOCK ?? 'wall'];

const sides = ['quiver', 'vector'].map((extension) => ({
    extension,
    session: new Session('postgres'),
}));

// Both sides do the same, one after the other.
async function both(sql) {
    for (const { session } of sides) await session.rows(sql);
}

async function prepare() {
    for (const side of sides) {
        const database = `bench_${side.extension}`;
        await side.session.rows(`CREATE DATABASE ${database}`);
        await side.session.end();
        side.session = new Session(database);
        await side.session.rows('SET client_min_messages = warning');
        await side.session.rows(`CREATE EXTENSION ${side.extension}`);
        [[side.version]] = await side.session.rows(
            `SELECT extversion FROM pg_extension WHERE extname = '${side.extension}'`,
        );
    }
    await both('CREATE EXTENSION pg_prewarm');
    await both(`CREATE FUNCTION elapsed(query text, times integer) RETURNS float8
        LANGUAGE plpgsql AS $$
        DECLARE
            started float8 := ${clock};
        BEGIN
            FOR i IN 1 .. times LOOP
                EXECUTE query;
            END LOOP;
            RETURN (${clock} - started) / times;
        END $$`);
}

async function loadBase(set) {
    for (const kind of new Set(wantedTypes.map((type) => types[type].from.replace('base_', '')))) {
        await both(`DROP TABLE IF EXISTS base_${kind}`);
        await both(`CREATE UNLOGGED TABLE base_${kind} (v ${kind}(${sets[set].dimensions}))`);
        // psql reads the file: the server's account need not reach it.
        await both(`\\copy base_${kind} FROM '${data}/${set}_${kind}.copy' WITH (FORMAT binary)\n`);
    }
}

const median = (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

function agree(ours, theirs) {
    const [a, b] = [ours, theirs].map(([[sum, magnitude]]) => ({
        sum: Number(sum),
        magnitude: Number(magnitude),
    }));
    if (![a.sum, b.sum].every(Number.isFinite)) return false;
    return (
        ours[0][0] === theirs[0][0] ||
        Math.abs(a.sum - b.sum) <= 1e-5 * Math.max(a.magnitude, b.magnitude)
    );
}

async function measure(test) {
    const answers = [];
    for (const { session } of sides) answers.push(await session.rows(test.checked));
    if (!agree(...answers))
        throw new Error(
            `answers differ: ${test.checked.slice(0, 120)}: ${JSON.stringify(answers)}`,
        );

    const elapsed = async ({ session }, repeated) => {
        const [[ms]] = await session.rows(
            `SELECT elapsed($query$${test.timed}$query$, ${repeated})`,
        );
        return Number(ms);
    };
    // The warm-up also says how often a short query is repeated to make one run.
    const warm = [];
    for (const side of sides) warm.push(await elapsed(side, 2));
    const repeated = Math.max(1, Math.ceil(shortestRun / Math.max(...warm, 1)));
    const times = sides.map(() => []);
    for (let run = 0; run < runs; run++)
        for (const [index, side] of sides.entries())
            times[index].push(await elapsed(side, repeated));
    const [ours, theirs] = times;
    const result = {
        ...test,
        ours: median(ours),
        theirs: median(theirs),
        // Of neighbouring runs, so that a busy moment weighs on both sides.
        ratio: median(ours.map((ms, run) => ms / theirs[run])),
        fastest: Math.min(...ours) / Math.min(...theirs),
        bar: bars[test.kind],
    };
    console.log(row(result));
    return result;
}

async function measureSet(set) {
    const results = [];
    await loadBase(set);
    for (const storage of wantedStorages) {
        for (const type of wantedTypes) {
            if (storage === 'text' && type === 'bit') continue;
            const statements =
                storage === 'text' ? textLayout(type, set) : layout(type, set, storage);
            for (const statement of statements) await both(statement);
            const [[query]] = await sides[1].session.rows(queryLiteral(type, set));
            const cases = storage === 'text' ? textCases(type) : scanCases(type, query);
            for (const test of cases) results.push(await measure({ set, storage, type, ...test }));
        }
    }
    return results;
}

async function settings() {
    const names = ['shared_buffers', 'work_mem', 'jit', 'max_parallel_workers_per_gather'];
    const [[version]] = await sides[0].session.rows('SELECT version()');
    const [[level]] = await sides[0].session.rows('SELECT quiver.simd_level()');
    const values = [];
    for (const name of names)
        values.push(`${name} = ${(await sides[0].session.rows(`SHOW ${name}`))[0][0]}`);
    const git = (...parameters) => execFileSync('git', parameters, { encoding: 'utf8' }).trim();
    return {
        server: version.replace(/,.*/, ''),
        level,
        values: values.join(', '),
        cpu: `${cpus().length} x ${cpus()[0].model}`,
        commit:
            git('rev-parse', '--short', 'HEAD') +
            (git('status', '--porcelain', '-uno') ? ' with changes' : ''),
        versions: sides.map(({ extension, version: number }) => `${extension} ${number}`),
        peer: process.env.PGVECTOR_BUILD ?? 'as installed',
        runs,
        clock: process.env.CLOCK ?? 'wall',
    };
}

await prepare();
console.log(header);
const results = [];
for (const set of wantedSets) results.push(...(await measureSet(set)));
const missed = results.filter(({ ratio, bar }) => ratio > bar);
console.log(`\n${results.length} rows, ${missed.length} above their bar`);
if (process.env.WRITE === '1') {
    const path = process.env.BENCH_DOCUMENT;
    const text = document(results, await settings());
    writeFileSync(path, text);
    console.log(`written: ${path}`);
}
for (const { session } of sides) await session.end();
process.exit(missed.length > 0 ? 3 : 0);
