// Assertions on what a search answers.
import assert from 'node:assert/strict';

// A sum of floats, however it was ordered, is this close to the sum in double precision.
export const tolerance = 1e-5;

export function close(actual, expected, what) {
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${what}: ${actual} is not near ${expected}`,
  );
}

// The same rows in the same order, each at its distance.
export function sameNeighbours(rows, expected, what) {
  assert.deepEqual(rows.map((r) => Number(r.id)), expected.map((e) => e.id), what);
  rows.forEach((row, i) => close(Number(row.distance), expected[i].distance, `${what}, row ${i}`));
}
