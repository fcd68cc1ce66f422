import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const FORMAT = /^pbk_[A-Za-z0-9_-]{43}$/;

/** A new API key: a prefix that secret scanners find, and 256 random bits. */
export function makeKey(): string {
  return `pbk_${randomBytes(32).toString('base64url')}`;
}

/** Whether it could be a key at all; what could not is refused without asking the database. */
export function looksLikeKey(text: string): boolean {
  return FORMAT.test(text);
}

/** What is kept of a key, and what it is found by. */
export function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

export function isSameDigest(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
