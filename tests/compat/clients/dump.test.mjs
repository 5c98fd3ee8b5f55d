// A database that pg_dump wrote from pgvector restores, and is dumped and restored again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { close } from './lib/expect.mjs';
import { freshDatabase, run } from './lib/server.mjs';

const file = fileURLToPath(new URL('./data/from_pgvector.sql', import.meta.url));
const restore = (database, ...args) => execFileSync(
  'psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', database, ...args], { stdio: 'pipe' });
const { database } = await freshDatabase('dump');
const again = 'clients_dump_again';

before(async () => {
  restore(database, '-f', file);
  await run('postgres', `drop database if exists ${again}`, `create database ${again}`);
  const dumped = execFileSync('pg_dump', ['--no-owner', '-d', database], { encoding: 'utf8' });
  execFileSync('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', again], { input: dumped, stdio: 'pipe' });
});

for (const [name, of] of [['as restored', database], ['dumped and restored again', again]]) {
  test(`rows ${name}`, async () => {
    assert.deepEqual(await run(of, `SELECT id, embedding::text, small::text, terms::text, sign::text,
      history::text FROM documents ORDER BY id`), [
      { id: 1, embedding: '[0.1,0.2,-0.3,1e-40]', small: '[0.099975586,0.19995117,-0.30004883,0]',
        terms: '{1:0.5,1000:-2.25}/1000', sign: '1100', history: '{"[1,2,3,4]","[5,6,7,8]"}' },
      { id: 2, embedding: '[3.1415927,-2.7182817,1.618034,0]', small: '[3.140625,-2.71875,1.6181641,0]',
        terms: '{}/1000', sign: '1010', history: null },
      { id: 3, embedding: '[60000,0.33333334,-1e-10,12345.678]', small: '[60000,0.33325195,-0,12344]',
        terms: null, sign: null, history: '{}' },
    ]);
    assert.deepEqual(await run(of, 'SELECT d::text FROM directions ORDER BY d'),
      [{ d: '[0.6,0.8]' }, { d: '[1,0]' }]);
    assert.deepEqual(await run(of, 'SELECT (h).v::text FROM hits'), [{ v: '[1,2,3]' }]);
  });

  test(`views, functions and indexes ${name}`, async () => {
    const rows = await run(of, 'SELECT id, distance FROM nearest');
    const expected = [[3, 0.40948749], [2, 0.77106387], [1, 1]];
    assert.deepEqual(rows.map((r) => r.id), expected.map(([id]) => id));
    rows.forEach((row, i) => close(row.distance, expected[i][1], `distance ${i}`));
    assert.deepEqual(await run(of, 'SELECT total::text, count::int FROM centre'),
      [{ total: '[60000,-2.1855469,1.3183594,12344]', count: 3 }]);
    assert.deepEqual(await run(of, "SELECT closest('[3,-3,1,0]')"), [{ closest: 2 }]);
    assert.deepEqual(await run(of, 'SET enable_seqscan = off',
      "SELECT id FROM documents WHERE embedding = '[3.1415927,-2.7182817,1.618034,0]'"), [{ id: 2 }]);
    assert.deepEqual(await run(of, `SELECT c.relname AS name FROM pg_index i
      JOIN pg_class c ON c.oid = i.indexrelid
      WHERE indrelid = 'documents'::regclass AND indisvalid ORDER BY 1`),
    [{ name: 'by_bits' }, { name: 'by_embedding' }, { name: 'by_small' }, { name: 'documents_pkey' }]);
  });

  test(`constraints ${name}`, async () => {
    const insert = (v) => run(of, `INSERT INTO documents (id, body, embedding) VALUES (9, '', '${v}')`);
    await assert.rejects(insert('[0,0,0,0]'), { code: '23514', constraint: 'not_zero' });
    await assert.rejects(insert('[1e6,0,0,0]'), { code: '22003' });
    await assert.rejects(insert('[1,2,3]'), { code: '22000' });
    await assert.rejects(run(of, "INSERT INTO directions VALUES ('[1,1]')"), { code: '23514' });
    await assert.rejects(run(of, "INSERT INTO directions VALUES ('[1,0]')"), { code: '23505' });
  });
}
