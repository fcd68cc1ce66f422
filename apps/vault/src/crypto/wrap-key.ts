import { decodeBase64Url } from '#sealing/encoding';
import type { KeyObject } from 'node:crypto';
import { decrypt, encrypt, EnvelopeError, IV_BYTES, KEY_BYTES, TAG_BYTES } from './box.js';

const FORMAT = 'w1';

/**
 * Seals a 32-byte key under another, for what the associated data says. The text is `w1.<iv>.<key and tag>`, of 12 and
 * 48 bytes in base64url.
 */
export function wrapKey(wrapping: KeyObject, key: Buffer, associated: Buffer): string {
  const { iv, ciphertext, tag } = encrypt(wrapping, key, associated);
  return [FORMAT, iv.toString('base64url'), Buffer.concat([ciphertext, tag]).toString('base64url')].join('.');
}

/** @throws EnvelopeError when the text is not whole, or anything differs */
export function unwrapKey(wrapping: KeyObject, wrapped: string, associated: Buffer): Buffer {
  const [format, ivText = '', keyText = '', ...more] = wrapped.split('.');
  const iv = decodeBase64Url(ivText, IV_BYTES);
  const sealed = decodeBase64Url(keyText, KEY_BYTES + TAG_BYTES);
  if (format !== FORMAT || !iv || !sealed || more.length > 0) {
    throw new EnvelopeError('it is not in format w1');
  }
  const box = { iv, ciphertext: sealed.subarray(0, KEY_BYTES), tag: sealed.subarray(KEY_BYTES) };
  return decrypt(wrapping, box, associated);
}
