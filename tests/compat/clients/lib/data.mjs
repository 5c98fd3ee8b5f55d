// Seeded data, and the distances computed in double precision to compare with.
export const dims = 24;

// mulberry32: the same numbers on every machine.
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Vectors whose elements are exact in a float.
export function floats(count, seed, length = dims) {
  const next = generator(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length }, () => Math.fround(next() * 2 - 1)));
}

// Vectors whose elements are exact in a half: eighths between -8 and 8, never zero.
export function halves(count, seed, length = dims) {
  const next = generator(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length }, () => (Math.floor(next() * 64) + 1) / 8 * (next() < 0.5 ? -1 : 1)));
}

// Bit strings.
export function bits(count, seed, length = dims) {
  const next = generator(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length }, () => (next() < 0.5 ? '0' : '1')).join(''));
}

// Every third element or so of a half vector kept: {index from 0: value}.
export function sparse(count, seed, length = dims) {
  const next = generator(seed);
  return halves(count, seed + 1, length).map((values) =>
    Object.fromEntries(values.map((v, i) => [i, v]).filter(() => next() < 0.35)));
}

export function dense(elements, length = dims) {
  return Array.from({ length }, (_, i) => elements[i] ?? 0);
}

const sum = (a, b, f) => a.reduce((total, x, i) => total + f(x, b[i]), 0);
const norm = (a) => Math.sqrt(sum(a, a, (x, y) => x * y));
const count = (a, b, f) => [...a].filter((x, i) => f(x, b[i])).length;

export const metrics = {
  '<->': (a, b) => Math.sqrt(sum(a, b, (x, y) => (x - y) ** 2)),
  '<#>': (a, b) => -sum(a, b, (x, y) => x * y),
  '<=>': (a, b) => 1 - sum(a, b, (x, y) => x * y) / (norm(a) * norm(b)),
  '<+>': (a, b) => sum(a, b, (x, y) => Math.abs(x - y)),
};

export const bitMetrics = {
  '<~>': (a, b) => count(a, b, (x, y) => x !== y),
  '<%>': (a, b) => 1 - count(a, b, (x, y) => x === '1' && y === '1')
    / count(a, b, (x, y) => x === '1' || y === '1'),
};

// Ids (from 1) and distances of the `k` nearest, nearest first; of equals, the lower id first.
export function nearest(vectors, query, distance, k) {
  return vectors.map((v, i) => ({ id: i + 1, distance: distance(v, query) }))
    .sort((a, b) => a.distance - b.distance || a.id - b.id)
    .slice(0, k);
}
