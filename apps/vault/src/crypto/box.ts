import { createCipheriv, createDecipheriv, randomBytes, type CipherKey } from 'node:crypto';

export const KEY_BYTES = 32;
export const IV_BYTES = 12;
export const TAG_BYTES = 16;
const cipher = 'aes-256-gcm';
const options = { authTagLength: TAG_BYTES }; // without it, Node takes tags of 4 bytes

/** What was sealed does not open. Says why, nothing of what is inside. */
export class EnvelopeError extends Error {}

export interface Box {
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

/** AES-256-GCM under a fresh IV. */
export function encrypt(key: CipherKey, plaintext: Buffer, associated: Buffer): Box {
  const iv = randomBytes(IV_BYTES);
  const sealer = createCipheriv(cipher, key, iv, options).setAAD(associated);
  const ciphertext = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  return { iv, ciphertext, tag: sealer.getAuthTag() };
}

/** @throws EnvelopeError when key, box or associated data differ in anything */
export function decrypt(key: CipherKey, { iv, ciphertext, tag }: Box, associated: Buffer): Buffer {
  const opener = createDecipheriv(cipher, key, iv, options).setAAD(associated).setAuthTag(tag);
  const unverified = opener.update(ciphertext);
  try {
    return Buffer.concat([unverified, opener.final()]);
  } catch {
    throw new EnvelopeError('it was altered, or sealed for something else');
  } finally {
    unverified.fill(0); // nobody sees it before the tag was checked
  }
}
