// The 3,000,000 flights of npm's vega-datasets as COPY text: departure, delay, origin.
//
// usage: node flights_tsv.mjs FOLDER >flights.tsv     (FOLDER has the node_modules of flights.sh)
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = path.resolve(process.argv[2]);
const resolve = createRequire(path.join(folder, 'index.js')).resolve;
const load = (name) => import(pathToFileURL(resolve(name)).href);
const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await load('hyparquet');
const { compressors } = await load('hyparquet-compressors');
const file = await asyncBufferFromFile(path.join(folder, 'node_modules/vega-datasets/data/flights-3m.parquet'));
const metadata = await parquetMetadataAsync(file);
const time = (value) => (value instanceof Date ? value.toISOString().replace('T', ' ').replace('.000Z', '') : String(value));
let row = 0;
for (const group of metadata.row_groups) {
    const rowEnd = row + Number(group.num_rows);
    const rows = await parquetReadObjects({ file, rowStart: row, rowEnd, compressors });
    row = rowEnd;
    for (let from = 0; from < rows.length; from += 50000) {
        const lines = rows.slice(from, from + 50000).map((flight) => {
            const [departure, delay, , origin] = Object.values(flight);
            return `${time(departure)}\t${delay ?? '\\N'}\t${origin}\n`;
        });
        if (!process.stdout.write(lines.join(''))) await once(process.stdout, 'drain');
    }
}
