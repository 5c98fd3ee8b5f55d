// node-postgres with the pgvector package: the driver that the frameworks below stand on.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import copy from 'pg-copy-streams';
import pgvector from 'pgvector';
import { registerTypes } from 'pgvector/pg';
import { bitMetrics, bits, dense, dims, floats, halves, metrics, nearest, sparse } from './lib/data.mjs';
import { sameNeighbours } from './lib/expect.mjs';
import { freshDatabase, ownerOfType, peer } from './lib/server.mjs';
import { copyStream, encode } from './lib/wire.mjs';

const n = 200;
const data = {
  vector: floats(n, 1), halfvec: halves(n, 2), sparsevec: sparse(n, 3), bit: bits(n, 4),
  tinyvec: halves(n, 5).map((v) => v.map((x) => x * 8)),
};
let client;

before(async () => {
  client = new pg.Client(await freshDatabase('pg'));
  await client.connect();
  await client.query('CREATE EXTENSION IF NOT EXISTS vector');
  await registerTypes(client);
  await client.query(`CREATE TABLE items (id bigserial PRIMARY KEY, embedding vector(${dims}),
    half halfvec(${dims}), sparse sparsevec(${dims}), bits bit(${dims}))`);
});
after(() => client.end());

async function insertAll() {
  await client.query('TRUNCATE items RESTART IDENTITY');
  for (let i = 0; i < n; i++) {
    await client.query(
      'INSERT INTO items (embedding, half, sparse, bits) VALUES ($1, $2, $3, $4)',
      [pgvector.toSql(data.vector[i]), pgvector.toSql(data.halfvec[i]),
        pgvector.toSql(new pgvector.SparseVector(data.sparsevec[i], dims)), data.bit[i]],
    );
  }
}

test('the types come from the extension under test', async () => {
  assert.equal(await ownerOfType(client.database, 'vector'), peer ? 'vector' : 'quiver');
});

test('values inserted as parameters read back equal', async () => {
  await insertAll();
  const { rows } = await client.query('SELECT * FROM items ORDER BY id');
  assert.equal(rows.length, n);
  rows.forEach((row, i) => {
    assert.deepEqual(row.embedding.map(Math.fround), data.vector[i]);
    assert.deepEqual(row.half, data.halfvec[i]);
    assert.deepEqual(row.sparse.toArray(), dense(data.sparsevec[i]));
    assert.equal(row.bits, data.bit[i]);
  });
});

test('NULL and arrays of vectors read back', async () => {
  const { rows: [row] } = await client.query(
    'SELECT $1::vector AS nothing, $2::vector[]::text[] AS several', [null, ['[1,2]', '[3]']]);
  assert.equal(row.nothing, null);
  assert.deepEqual(row.several, ['[1,2]', '[3]']);
});

describe('nearest neighbours equal those computed here', () => {
  before(insertAll);
  const columns = [
    ['embedding', data.vector, floats(1, 50)[0], pgvector.toSql],
    ['half', data.halfvec, halves(1, 51)[0], pgvector.toSql],
    ['sparse', data.sparsevec.map((s) => dense(s)), dense(sparse(1, 52)[0]),
      (a) => pgvector.toSql(new pgvector.SparseVector(a))],
  ];
  for (const [column, vectors, query, toSql] of columns) {
    for (const [operator, distance] of Object.entries(metrics)) {
      test(`${column} ${operator}`, async () => {
        const { rows } = await client.query(
          `SELECT id, ${column} ${operator} $1 AS distance FROM items ORDER BY 2, id LIMIT 10`,
          [toSql(query)],
        );
        sameNeighbours(rows, nearest(vectors, query, distance, 10), column + operator);
      });
    }
  }
  for (const [operator, distance] of Object.entries(bitMetrics)) {
    test(`bits ${operator}`, async () => {
      const [query] = bits(1, 53);
      const { rows } = await client.query(
        `SELECT id, bits ${operator} $1 AS distance FROM items ORDER BY 2, id LIMIT 10`, [query]);
      sameNeighbours(rows, nearest(data.bit, query, distance, 10), operator);
    });
  }
});

describe('COPY in binary', () => {
  const stream = copyStream(data.vector.map((_, i) => [
    encode.int8(i + 1), encode.vector(data.vector[i]), encode.halfvec(data.halfvec[i]),
    i % 50 === 49 ? null : encode.sparsevec(data.sparsevec[i], dims), encode.bit(data.bit[i]),
  ]));
  const copyIn = (bytes, into) => pipeline(
    Readable.from([bytes]), client.query(copy.from(`COPY ${into} FROM STDIN WITH (FORMAT binary)`)));

  test('what is loaded is what was written', async () => {
    await client.query('TRUNCATE items');
    await copyIn(stream, 'items');
    const { rows } = await client.query('SELECT * FROM items ORDER BY id');
    assert.equal(rows.length, n);
    rows.forEach((row, i) => {
      assert.deepEqual(row.embedding.map(Math.fround), data.vector[i]);
      assert.deepEqual(row.half, data.halfvec[i]);
      assert.deepEqual(row.sparse?.toArray() ?? null, i % 50 === 49 ? null : dense(data.sparsevec[i]));
      assert.equal(row.bits, data.bit[i]);
    });
  });

  test('what is unloaded is the same bytes', async () => {
    const chunks = [];
    const out = client.query(copy.to(
      'COPY (SELECT * FROM items ORDER BY id) TO STDOUT WITH (FORMAT binary)'));
    for await (const chunk of out) chunks.push(chunk);
    assert.equal(Buffer.compare(Buffer.concat(chunks), stream), 0);
  });

  test('a vector of other dimensions is refused and the connection goes on', async () => {
    const bad = copyStream([[encode.int8(1), encode.vector([1, 2])]]);
    await assert.rejects(copyIn(bad, 'items (id, embedding)'),
      { code: '22000', message: `expected ${dims} dimensions, not 2` });
    assert.equal((await client.query('SELECT count(*)::int AS n FROM items')).rows[0].n, n);
  });

  test('tinyvec, which pgvector does not have', { skip: peer }, async () => {
    await client.query(`CREATE TABLE tiny (id bigint, v tinyvec(${dims}))`);
    const bytes = copyStream(data.tinyvec.map((v, i) => [encode.int8(i + 1), encode.tinyvec(v)]));
    await copyIn(bytes, 'tiny');
    const [query] = halves(1, 54).map((v) => v.map((x) => x * 8));
    for (const [operator, distance] of Object.entries(metrics)) {
      const { rows } = await client.query(
        `SELECT id, v::text AS v, v ${operator} $1 AS distance FROM tiny ORDER BY 3, id LIMIT 10`,
        [pgvector.toSql(query)]);
      sameNeighbours(rows, nearest(data.tinyvec, query, distance, 10), `tinyvec ${operator}`);
      rows.forEach((row) => assert.deepEqual(JSON.parse(row.v), data.tinyvec[row.id - 1]));
    }
    const chunks = [];
    const out = client.query(copy.to('COPY tiny TO STDOUT WITH (FORMAT binary)'));
    for await (const chunk of out) chunks.push(chunk);
    assert.equal(Buffer.compare(Buffer.concat(chunks), bytes), 0);
  });
});

test('errors carry their SQLSTATE and detail', async () => {
  await assert.rejects(client.query('SELECT $1::vector', ['[1,2']),
    { code: '22P02', message: 'invalid input syntax for type vector: "[1,2"' });
  await assert.rejects(client.query('SELECT $1::vector', ['1,2']),
    { code: '22P02', detail: 'Vector contents must start with "[".' });
  await assert.rejects(client.query('SELECT $1::vector <-> $2', ['[1,2]', '[3]']),
    { code: '22000', message: 'different vector dimensions 2 and 1' });
});

test('averages, upserts and prepared statements', async () => {
  await client.query('CREATE TABLE keyed (id int PRIMARY KEY, v vector(2))');
  const upsert = { name: 'upsert', text: `INSERT INTO keyed VALUES ($1, $2)
    ON CONFLICT (id) DO UPDATE SET v = excluded.v` };
  for (const values of [[1, '[1,2]'], [2, '[3,4]'], [1, '[5,6]']]) {
    await client.query({ ...upsert, values });
  }
  const { rows } = await client.query('SELECT avg(v) AS mean, sum(v) AS total FROM keyed');
  assert.deepEqual(rows, [{ mean: [4, 5], total: [8, 10] }]);
});
