// LangChain's PGVectorStore: it creates the extension and its tables, stores documents, searches.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PGVectorStore } from '@langchain/community/vectorstores/pgvector';
import { Embeddings } from '@langchain/core/embeddings';
import pg from 'pg';
import { dims, floats, metrics, nearest } from './lib/data.mjs';
import { close } from './lib/expect.mjs';
import { freshDatabase } from './lib/server.mjs';

const n = 50;
const vectors = floats(n, 1);
const [query] = floats(1, 50);

// An embedding model that knows the texts "0".."49" and "query".
class KnownEmbeddings extends Embeddings {
  constructor() { super({}); }
  async embedQuery(text) { return text === 'query' ? query : vectors[Number(text)]; }
  async embedDocuments(texts) { return Promise.all(texts.map((t) => this.embedQuery(t))); }
}

let settings;
before(async () => { settings = await freshDatabase('langchain'); });

const strategies = { cosine: '<=>', euclidean: '<->', innerProduct: '<#>' };
for (const [distanceStrategy, operator] of Object.entries(strategies)) {
  describe(`by ${distanceStrategy}`, () => {
    let store, pool;
    before(async () => {
      pool = new pg.Pool(settings);
      store = await PGVectorStore.initialize(new KnownEmbeddings(), {
        pool, tableName: `documents_${distanceStrategy}`, dimensions: dims, distanceStrategy });
      await store.addDocuments(vectors.map((_, i) => (
        { pageContent: String(i), metadata: { group: i % 5 } })));
    });
    after(() => store.end());

    test('the nearest documents come with their distances', async () => {
      const found = await store.similaritySearchWithScore('query', 6);
      const expected = nearest(vectors, query, metrics[operator], 6);
      assert.deepEqual(found.map(([d]) => Number(d.pageContent)), expected.map((e) => e.id - 1));
      found.forEach(([, score], i) => close(score, expected[i].distance, `score ${i}`));
    });

    test('a filter on metadata is kept', async () => {
      const found = await store.similaritySearch('query', 4, { group: 3 });
      const expected = nearest(vectors, query, metrics[operator], n)
        .map((e) => e.id - 1).filter((i) => i % 5 === 3).slice(0, 4);
      assert.deepEqual(found.map((d) => Number(d.pageContent)), expected);
    });

    test('deleted documents are gone', async () => {
      const [best] = await store.similaritySearch('query', 1);
      await store.delete({ filter: { group: best.metadata.group } });
      const left = await store.similaritySearch('query', n);
      assert.equal(left.length, n - n / 5);
      assert.ok(left.every((d) => d.metadata.group !== best.metadata.group));
    });

    test('what is stored is the vector', async () => {
      const { rows } = await pool.query(`SELECT text, embedding FROM documents_${distanceStrategy}`);
      assert.equal(rows.length, n - n / 5);
      for (const row of rows) {
        assert.deepEqual(JSON.parse(row.embedding).map(Math.fround), vectors[Number(row.text)]);
      }
    });
  });
}
