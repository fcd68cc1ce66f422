import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { CappedBody } from './read-body.js';

const text = JSON.stringify({
  orders: Array.from({ length: 40 }, (_, id) => ({ id, status: `open-${id * 7}` })),
});

function read(pieces: Buffer[], encoding: string | string[] | undefined, maxBytes = 1_048_576) {
  const body = new CappedBody(maxBytes);
  const taken = pieces.map((piece) => body.add(piece));
  return { taken, ...body.finish(encoding), bytesRead: body.bytesRead };
}

function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
    bytes.subarray(n * size, (n + 1) * size),
  );
}

describe('a body as it came', () => {
  it('is the very buffer when it came in one piece', () => {
    const piece = Buffer.from(text);
    const result = read([piece], undefined);

    expect(result.ok && result.body).toBe(piece);
  });

  it('is put together from its pieces', () => {
    const result = read(cut(Buffer.from(text), 7), undefined);

    expect(result.ok && result.body.toString()).toBe(text);
    expect(result.bytesRead).toBe(text.length);
  });

  it('is empty when nothing came, whatever the headers say', () => {
    expect(read([], 'gzip')).toMatchObject({ ok: true, body: Buffer.alloc(0) });
  });

  it.each([
    [9, false],
    [10, true],
  ])('of 10 bytes fits a cap of %i: %s', (maxBytes, fits) => {
    expect(read([Buffer.alloc(6), Buffer.alloc(4)], undefined, maxBytes).taken).toEqual([true, fits]);
  });
});

describe('a compressed body', () => {
  it.each([
    ['gzip', gzipSync(text)],
    ['GZIP', gzipSync(text)],
    [' x-gzip ', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['identity', Buffer.from(text)],
    ['gzip', Buffer.concat([gzipSync(text.slice(0, 100)), gzipSync(text.slice(100))])],
  ])('%s is undone', (encoding, bytes) => {
    const result = read(cut(bytes, 13), encoding);

    expect(result.ok && result.body.toString()).toBe(text);
    expect(result.bytesRead).toBe(bytes.length);
  });

  it.each([
    ['two layers', 'gzip, gzip', gzipSync(gzipSync(text))],
    ['two header fields', ['gzip', 'gzip'], gzipSync(gzipSync(text))],
    ['a coding we did not ask for', 'zstd', zstdCompressSync(text)],
    ['bytes that are not gzip', 'gzip', Buffer.from(text)],
    ['a truncated stream', 'gzip', gzipSync(text).subarray(0, 60)],
    ['a truncated brotli stream', 'br', brotliCompressSync(text).subarray(0, 60)],
  ])('is a bad response with %s', (_name, encoding, bytes) => {
    expect(read([bytes], encoding)).toMatchObject({ ok: false, reason: 'bad_response' });
  });
});

describe('a compression bomb', () => {
  const zeros = Buffer.alloc(20_000_000);

  it.each([
    ['gzip', gzipSync(zeros)],
    ['br', brotliCompressSync(zeros)],
    ['deflate', deflateSync(zeros)],
  ])('of %s is stopped at the cap', (encoding, bomb) => {
    expect(read([bomb], encoding)).toMatchObject({ ok: false, reason: 'too_large' });
  });

  it.each([
    [65_536, true],
    [65_537, false],
  ])('is one from %i bytes on when the ratio is above 100: %s', (size, ok) => {
    const small = gzipSync(Buffer.alloc(size));

    expect(size / small.length).toBeGreaterThan(100);
    expect(read([small], 'gzip').ok).toBe(ok);
  });

  it.each([
    [99_999, false],
    [100_000, true],
  ])('a body inflating to 100,000 bytes fits a cap of %i: %s', (maxBytes, ok) => {
    const honest = gzipSync(randomBytes(50_000).toString('hex'));

    expect(read([honest], 'gzip', maxBytes).ok).toBe(ok);
  });
});
