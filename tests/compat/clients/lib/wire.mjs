// The binary COPY stream of PostgreSQL and the binary form of each type, written from the format's
// description, as an application that loads in bulk does.
const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

const int16 = (n) => { const b = Buffer.alloc(2); b.writeInt16BE(n); return b; };
const int32 = (n) => { const b = Buffer.alloc(4); b.writeInt32BE(n); return b; };
const float4 = (x) => { const b = Buffer.alloc(4); b.writeFloatBE(x); return b; };

// The bits of a number that is exact as a normal half.
function half(x) {
  const bits = float4(x).readUInt32BE();
  const b = Buffer.alloc(2);
  b.writeUInt16BE(((bits >>> 16) & 0x8000) | ((((bits >>> 23) & 0xff) - 112) << 10)
    | ((bits >>> 13) & 0x3ff));
  return b;
}

export const encode = {
  int8: (n) => { const b = Buffer.alloc(8); b.writeBigInt64BE(BigInt(n)); return b; },
  vector: (a) => Buffer.concat([int16(a.length), int16(0), ...a.map(float4)]),
  halfvec: (a) => Buffer.concat([int16(a.length), int16(0), ...a.map(half)]),
  tinyvec: (a) => Buffer.concat([int16(a.length), int16(0), Buffer.from(Int8Array.from(a))]),
  sparsevec: (elements, length) => {
    const entries = Object.entries(elements);
    return Buffer.concat([int32(length), int32(entries.length), int32(0),
      ...entries.map(([i]) => int32(Number(i))), ...entries.map(([, v]) => float4(v))]);
  },
  bit: (text) => {
    const bytes = text.padEnd(Math.ceil(text.length / 8) * 8, '0').match(/.{8}/g);
    return Buffer.concat([int32(text.length), Buffer.from(bytes.map((b) => parseInt(b, 2)))]);
  },
};

// The stream of rows; a field is a Buffer, or null.
export function copyStream(rows) {
  const parts = [signature, int32(0), int32(0)];
  for (const fields of rows) {
    parts.push(int16(fields.length));
    for (const field of fields) parts.push(...(field ? [int32(field.length), field] : [int32(-1)]));
  }
  parts.push(int16(-1));
  return Buffer.concat(parts);
}
