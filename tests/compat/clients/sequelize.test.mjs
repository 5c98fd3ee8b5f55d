// Sequelize with pgvector/sequelize: models with vector, halfvec and sparsevec attributes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pgvector from 'pgvector';
import distances from 'pgvector/sequelize';
import Sequelize from 'sequelize';
import { bitMetrics, bits, dense, dims, floats, halves, metrics, nearest, sparse } from './lib/data.mjs';
import { sameNeighbours } from './lib/expect.mjs';
import { freshDatabase, run } from './lib/server.mjs';

distances.registerTypes(Sequelize);
const { DataTypes } = Sequelize;
const n = 60;
const data = { vector: floats(n, 1), halfvec: halves(n, 2), sparsevec: sparse(n, 3), bit: bits(n, 4) };
let sequelize, Item;

before(async () => {
  const { user: username, ...rest } = await freshDatabase('sequelize');
  // Sequelize looks the types up when it connects, so a migration has created them before.
  await run(rest.database, 'CREATE EXTENSION IF NOT EXISTS vector');
  sequelize = new Sequelize({ dialect: 'postgres', ...rest, username, logging: false });
  Item = sequelize.define('Item', {
    embedding: DataTypes.VECTOR(dims),
    half: DataTypes.HALFVEC(dims),
    sparse: DataTypes.SPARSEVEC(dims),
    bits: `BIT(${dims})`,
  }, { timestamps: false, tableName: 'items' });
  await Item.sync();
  await Item.bulkCreate(data.vector.map((embedding, i) => ({
    embedding,
    half: data.halfvec[i],
    sparse: new pgvector.SparseVector(data.sparsevec[i], dims),
    bits: data.bit[i],
  })));
});
after(() => sequelize.close());

test('rows read back equal', async () => {
  const rows = await Item.findAll({ order: ['id'] });
  assert.equal(rows.length, n);
  rows.forEach((row, i) => {
    assert.deepEqual(row.embedding.map(Math.fround), data.vector[i]);
    assert.deepEqual(row.half, data.halfvec[i]);
    assert.deepEqual(row.sparse.toArray(), dense(data.sparsevec[i]));
    assert.equal(row.bits, data.bit[i]);
  });
});

async function search(column, order) {
  const rows = await Item.findAll({
    attributes: ['id', [order, 'distance']], order: [order, 'id'], limit: 8, raw: true });
  assert.ok(rows.length > 0, column);
  return rows;
}

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
      const rows = await search(column, distances[name](column, toValue(query), sequelize));
      sameNeighbours(rows, nearest(vectors, query, metrics[operator], 8), `${column} ${name}`);
    }
  });
}

for (const [operator, name] of Object.entries({ '<~>': 'hammingDistance', '<%>': 'jaccardDistance' })) {
  test(`neighbours by ${name}`, async () => {
    const [query] = bits(1, 53);
    const rows = await search('bits', distances[name]('bits', query, sequelize));
    sameNeighbours(rows, nearest(data.bit, query, bitMetrics[operator], 8), name);
  });
}
