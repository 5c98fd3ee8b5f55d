// The server under test: one fresh database for each test file, prepared as its administrator would.
import pg from 'pg';

const settings = {
  host: process.env.PGHOST,
  port: Number(process.env.PGPORT ?? 5432),
  user: process.env.PGUSER,
};

// The extension that holds the types: `quiver`, or `vector` when the peer itself is run.
export const peer = process.env.QUIVER_PEER === 'vector';

// Create the database and return the settings of a connection to it. Where quiver stands in for
// pgvector the administrator has created it; the application then says CREATE EXTENSION vector.
export async function freshDatabase(name) {
  const database = `clients_${name}`;
  await run('postgres', `drop database if exists ${database}`, `create database ${database}`);
  if (!peer) await run(database, 'create extension quiver');
  return { ...settings, database };
}

export async function run(database, ...statements) {
  const client = new pg.Client({ ...settings, database });
  await client.connect();
  try {
    let result;
    for (const statement of statements) result = await client.query(statement);
    return result.rows;
  } finally {
    await client.end();
  }
}

// Which extension owns the type that a column was declared with.
export async function ownerOfType(database, type) {
  const [row] = await run(
    database,
    `select e.extname from pg_extension e join pg_depend d on d.refobjid = e.oid
     where d.objid = '${type}'::regtype and d.deptype = 'e'`,
  );
  return row.extname;
}
