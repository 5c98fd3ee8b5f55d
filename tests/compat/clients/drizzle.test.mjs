// drizzle-orm: its vector, halfvec, bit and sparsevec columns and its distance functions.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { asc, cosineDistance, eq, getTableColumns, gt, hammingDistance, innerProduct, jaccardDistance,
  l1Distance, l2Distance, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { bigserial, bit, halfvec, pgTable, sparsevec, vector } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { bitMetrics, bits, dense, dims, floats, halves, metrics, nearest, sparse } from './lib/data.mjs';
import { sameNeighbours } from './lib/expect.mjs';
import { freshDatabase } from './lib/server.mjs';

const items = pgTable('items', {
  id: bigserial('id', { mode: 'number' }).primaryKey(),
  embedding: vector('embedding', { dimensions: dims }),
  half: halfvec('half', { dimensions: dims }),
  bits: bit('bits', { dimensions: dims }),
  sparse: sparsevec('sparse', { dimensions: dims }),
});
const n = 60;
const data = { vector: floats(n, 1), halfvec: halves(n, 2), sparsevec: sparse(n, 3), bit: bits(n, 4) };
// 1-based text form, as the application hands it over
const sparseText = (elements) => `{${Object.entries(elements)
  .map(([i, v]) => `${Number(i) + 1}:${v}`).join(',')}}/${dims}`;
let pool, db;

before(async () => {
  pool = new pg.Pool(await freshDatabase('drizzle'));
  db = drizzle(pool);
  await db.execute('CREATE EXTENSION IF NOT EXISTS vector');
  // The migration that drizzle-kit writes for this table: a column of each type as it names it.
  const columns = Object.values(getTableColumns(items)).map((c) => `"${c.name}" ${c.getSQLType()}`);
  await db.execute(sql.raw(`CREATE TABLE items (${columns.join(', ')}, PRIMARY KEY (id))`));
  await db.insert(items).values(data.vector.map((embedding, i) => ({
    embedding, half: data.halfvec[i], bits: data.bit[i], sparse: sparseText(data.sparsevec[i]),
  })));
});
after(() => pool.end());

test('rows read back equal', async () => {
  const rows = await db.select().from(items).orderBy(asc(items.id));
  assert.equal(rows.length, n);
  rows.forEach((row, i) => {
    assert.deepEqual(row.embedding.map(Math.fround), data.vector[i]);
    assert.deepEqual(row.half, data.halfvec[i]);
    assert.equal(row.bits, data.bit[i]);
    assert.equal(row.sparse, sparseText(data.sparsevec[i]));
  });
});

const functions = { '<->': l2Distance, '<#>': innerProduct, '<=>': cosineDistance, '<+>': l1Distance };
for (const [operator, distance] of Object.entries(functions)) {
  test(`neighbours by ${distance.name}`, async () => {
    const searches = [
      [items.embedding, data.vector, floats(1, 50)[0], (q) => q],
      [items.half, data.halfvec, halves(1, 51)[0], (q) => q],
      [items.sparse, data.sparsevec.map((s) => dense(s)), dense(sparse(1, 52)[0]), sparseText],
    ];
    for (const [column, vectors, query, toSql] of searches) {
      const rows = await db.select({ id: items.id, distance: distance(column, toSql(query)) })
        .from(items).orderBy(distance(column, toSql(query)), items.id).limit(8);
      sameNeighbours(rows, nearest(vectors, query, metrics[operator], 8), column.name);
    }
  });
}

for (const [operator, distance] of Object.entries({ '<~>': hammingDistance, '<%>': jaccardDistance })) {
  test(`neighbours by ${distance.name}`, async () => {
    const [query] = bits(1, 53);
    const rows = await db.select({ id: items.id, distance: distance(items.bits, query) })
      .from(items).orderBy(distance(items.bits, query), items.id).limit(8);
    sameNeighbours(rows, nearest(data.bit, query, bitMetrics[operator], 8), 'bits');
  });
}

test('similarity as the guide writes it, with a filter', async () => {
  const query = data.vector[6];
  const similarity = sql`1 - (${cosineDistance(items.embedding, query)})`;
  const rows = await db.select({ id: items.id, similarity }).from(items)
    .where(gt(similarity, 0.99)).orderBy(sql`2 desc`);
  assert.deepEqual(rows.map((r) => r.id), [7]);
});

test('update and delete', async () => {
  await db.update(items).set({ embedding: data.vector[1] }).where(eq(items.id, 1));
  const [row] = await db.select().from(items).where(eq(items.id, 1));
  assert.deepEqual(row.embedding.map(Math.fround), data.vector[1]);
  await db.delete(items).where(eq(items.embedding, data.vector[1]));
  assert.equal(await db.$count(items), n - 2);
});
