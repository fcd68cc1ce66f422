import { gzipSync } from 'node:zlib';

/** Ways in which a secret may stand somewhere without being spelled out. */
export const encodings = [
  'raw',
  'base64 at offset 0',
  'base64 at offset 1',
  'base64 at offset 2',
  'base64url',
  'hex',
  'HEX',
  'percent-encoded',
  'percent-encoded in lower case',
  'JSON-escaped',
  'UTF-16LE',
  'reversed',
] as const;
export type Encoding = (typeof encodings)[number];

/** The secret so written, as bytes. What depends on its neighbours, as the ends of base64 do, is left out. */
export function encode(secret: Buffer, encoding: Encoding): Buffer {
  const text = secret.toString();
  switch (encoding) {
    case 'raw':
      return secret;
    case 'base64 at offset 0':
    case 'base64 at offset 1':
    case 'base64 at offset 2':
      return Buffer.from(innerBase64(secret, Number(encoding.at(-1))));
    case 'base64url':
      return Buffer.from(innerBase64(secret, 0).replaceAll('+', '-').replaceAll('/', '_'));
    case 'hex':
      return Buffer.from(secret.toString('hex'));
    case 'HEX':
      return Buffer.from(secret.toString('hex').toUpperCase());
    case 'percent-encoded':
      return Buffer.from(encodeURIComponent(text));
    case 'percent-encoded in lower case':
      return Buffer.from(encodeURIComponent(text).replace(/%../g, (one) => one.toLowerCase()));
    case 'JSON-escaped':
      return Buffer.from(JSON.stringify(text).slice(1, -1));
    case 'UTF-16LE':
      return Buffer.from(text, 'utf16le');
    case 'reversed':
      return Buffer.from(secret).reverse();
  }
}

/** How each encoding would leak: surrounded by other text, as part of a longer whole. */
export function leakedAs(secret: Buffer, encoding: Encoding): Buffer {
  const around = (bytes: Buffer) => Buffer.concat([Buffer.from(' {"x":"'), bytes, Buffer.from('"}\n')]);
  if (!encoding.startsWith('base64')) return around(encode(secret, encoding));
  const offset = encoding === 'base64url' ? 0 : Number(encoding.at(-1));
  const longer = Buffer.concat([Buffer.alloc(offset, 'u'), secret, Buffer.from(':more')]);
  return around(Buffer.from(longer.toString(encoding === 'base64url' ? 'base64url' : 'base64')));
}

/** The same as a member of a gzip stream. */
export function gzipped(secret: Buffer): Buffer {
  return gzipSync(Buffer.concat([Buffer.from('before '), secret, Buffer.from(' after')]));
}

/** Of the base64 of a longer text with the secret at this offset, the characters that depend on the secret alone. */
function innerBase64(secret: Buffer, offset: number): string {
  const shifted = Buffer.concat([Buffer.alloc(offset), secret]);
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor((shifted.length * 8) / 6);
  return shifted.toString('base64').slice(first, last);
}
