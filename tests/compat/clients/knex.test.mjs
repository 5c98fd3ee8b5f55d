// knex with pgvector/knex: schema builder, inserts, and the distance functions of its query builder.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import knexOf from 'knex';
import pgvector from 'pgvector';
import 'pgvector/knex';
import { bitMetrics, bits, dense, dims, floats, halves, metrics, nearest, sparse } from './lib/data.mjs';
import { sameNeighbours } from './lib/expect.mjs';
import { freshDatabase } from './lib/server.mjs';

const n = 60;
const data = { vector: floats(n, 1), halfvec: halves(n, 2), sparsevec: sparse(n, 3), bit: bits(n, 4) };
let knex;

before(async () => {
  knex = knexOf({ client: 'pg', connection: await freshDatabase('knex') });
  await knex.schema.enableExtension('vector');
  await knex.schema.createTable('items', (table) => {
    table.increments('id');
    table.vector('embedding', { dimensions: dims });
    table.halfvec('half', { dimensions: dims });
    table.sparsevec('sparse', { dimensions: dims });
    table.bit('bits', { length: dims });
  });
  await knex('items').insert(data.vector.map((v, i) => ({
    embedding: pgvector.toSql(v),
    half: pgvector.toSql(data.halfvec[i]),
    sparse: new pgvector.SparseVector(data.sparsevec[i], dims),
    bits: data.bit[i],
  })));
});
after(() => knex.destroy());

test('rows read back equal', async () => {
  const rows = await knex('items').orderBy('id');
  assert.equal(rows.length, n);
  rows.forEach((row, i) => {
    assert.deepEqual(pgvector.fromSql(row.embedding).map(Math.fround), data.vector[i]);
    assert.deepEqual(pgvector.fromSql(row.half), data.halfvec[i]);
    assert.deepEqual(pgvector.fromSql(row.sparse).toArray(), dense(data.sparsevec[i]));
    assert.equal(row.bits, data.bit[i]);
  });
});

const functions = {
  '<->': 'l2Distance', '<#>': 'maxInnerProduct', '<=>': 'cosineDistance', '<+>': 'l1Distance' };
for (const [operator, name] of Object.entries(functions)) {
  test(`neighbours by ${name}`, async () => {
    const searches = [
      ['embedding', data.vector, floats(1, 50)[0], (q) => q],
      ['half', data.halfvec, halves(1, 51)[0], (q) => q],
      ['sparse', data.sparsevec.map((s) => dense(s)), dense(sparse(1, 52)[0]),
        (q) => new pgvector.SparseVector(q)],
    ];
    for (const [column, vectors, query, toValue] of searches) {
      const distance = knex('items')[name](column, toValue(query));
      const rows = await knex('items').select('id', knex.raw('? as distance', [distance]))
        .orderBy(distance).orderBy('id').limit(8);
      sameNeighbours(rows, nearest(vectors, query, metrics[operator], 8), `${column} ${name}`);
    }
  });
}

for (const [operator, name] of Object.entries({ '<~>': 'hammingDistance', '<%>': 'jaccardDistance' })) {
  test(`neighbours by ${name}`, async () => {
    const [query] = bits(1, 53);
    const distance = knex('items')[name]('bits', query);
    const rows = await knex('items').select('id', knex.raw('? as distance', [distance]))
      .orderBy(distance).orderBy('id').limit(8);
    sameNeighbours(rows, nearest(data.bit, query, bitMetrics[operator], 8), name);
  });
}
