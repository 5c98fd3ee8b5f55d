// TypeORM: entities with vector and halfvec columns; it creates the extension and the table itself.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DataSource, EntitySchema } from 'typeorm';
import { bits, dense, dims, floats, halves, metrics, nearest, sparse } from './lib/data.mjs';
import { sameNeighbours } from './lib/expect.mjs';
import { freshDatabase, run } from './lib/server.mjs';
import pgvector from 'pgvector';

const Item = new EntitySchema({
  name: 'Item',
  tableName: 'items',
  columns: {
    id: { type: Number, primary: true, generated: true },
    embedding: { type: 'vector', length: dims, nullable: true },
    half: { type: 'halfvec', length: dims, nullable: true },
  },
});
const n = 60;
const data = { vector: floats(n, 1), halfvec: halves(n, 2), sparsevec: sparse(n, 3), bit: bits(n, 4) };
let source, settings;

before(async () => {
  settings = await freshDatabase('typeorm');
  const { user: username, ...rest } = settings;
  source = new DataSource({ type: 'postgres', ...rest, username, entities: [Item], synchronize: true });
  await source.initialize();
});
after(() => source?.destroy());

test('it created the extension and columns of these types', async () => {
  const rows = await run(settings.database,
    `select attname as name, format_type(atttypid, atttypmod) as type,
       (select count(*)::int from pg_extension where extname = 'vector') as extensions
     from pg_attribute where attrelid = 'items'::regclass and attnum > 1 order by attnum`);
  assert.deepEqual(rows, [
    { name: 'embedding', type: `vector(${dims})`, extensions: 1 },
    { name: 'half', type: `halfvec(${dims})`, extensions: 1 },
  ]);
});

test('entities are saved and found equal', async () => {
  const repository = source.getRepository('Item');
  await repository.save(data.vector.map((embedding, i) => ({ embedding, half: data.halfvec[i] })));
  const found = await repository.find({ order: { id: 'ASC' } });
  assert.equal(found.length, n);
  found.forEach((item, i) => {
    assert.deepEqual(item.embedding.map(Math.fround), data.vector[i]);
    assert.deepEqual(item.half, data.halfvec[i]);
  });
});

for (const [operator, distance] of Object.entries(metrics)) {
  test(`the query builder orders by ${operator}`, async () => {
    for (const [column, vectors, query] of [
      ['embedding', data.vector, floats(1, 50)[0]], ['half', data.halfvec, halves(1, 51)[0]]]) {
      const rows = await source.getRepository('Item').createQueryBuilder('item')
        .select('item.id', 'id').addSelect(`item.${column} ${operator} :query`, 'distance')
        .orderBy('distance').addOrderBy('item.id').limit(8)
        .setParameter('query', pgvector.toSql(query)).getRawMany();
      sameNeighbours(rows, nearest(vectors, query, distance, 8), column);
    }
  });
}

test('sparsevec and bit, which it has no column types for, through raw queries', async () => {
  await source.query(`CREATE TABLE others (id serial, s sparsevec(${dims}), b bit(${dims}))`);
  for (let i = 0; i < n; i++) {
    await source.query('INSERT INTO others (s, b) VALUES ($1, $2)',
      [pgvector.toSql(new pgvector.SparseVector(data.sparsevec[i], dims)), data.bit[i]]);
  }
  const rows = await source.query('SELECT s, b FROM others ORDER BY id');
  rows.forEach((row, i) => {
    assert.deepEqual(new pgvector.SparseVector(row.s).toArray(), dense(data.sparsevec[i]));
    assert.equal(row.b, data.bit[i]);
  });
});

test('a second start finds the schema as it left it', async () => {
  const { upQueries } = await source.driver.createSchemaBuilder().log();
  assert.deepEqual(upQueries.map((q) => q.query), []);
});

test('a vector of other dimensions is refused', async () => {
  await assert.rejects(source.getRepository('Item').save({ embedding: [1, 2] }),
    (error) => error.driverError.code === '22000' && /expected 24 dimensions, not 2/.test(error.message));
});
