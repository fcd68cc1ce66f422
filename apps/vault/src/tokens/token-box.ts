import { decodeBase64Url } from '#sealing/encoding';
import { randomBytes } from 'node:crypto';
import { decrypt, encrypt, IV_BYTES, KEY_BYTES, TAG_BYTES } from '../crypto/box.js';

/** Whose token, and which one: bound to its ciphertext. */
export interface TokenOwner {
  readonly orgId: string;
  readonly credentialId: string;
  readonly credentialVersion: number;
  readonly version: number;
}

/** A credential's own key for the tokens it buys. It is a secret of the credential, sealed and re-sealed with it. */
export function newTokenKey(): string {
  return randomBytes(KEY_BYTES).toString('base64url');
}

export function sealToken(token: string, key: string, owner: TokenOwner): string {
  const { iv, ciphertext, tag } = encrypt(bytesOf(key), Buffer.from(token), associatedData(owner));
  return Buffer.concat([iv, ciphertext, tag]).toString('base64url');
}

/** @throws EnvelopeError when it was sealed for anything else, or altered */
export function openToken(sealed: string, key: string, owner: TokenOwner): string {
  const box = decodeBase64Url(sealed) ?? Buffer.alloc(0);
  const iv = box.subarray(0, IV_BYTES);
  const ciphertext = box.subarray(IV_BYTES, -TAG_BYTES);
  const tag = box.subarray(-TAG_BYTES);
  return decrypt(bytesOf(key), { iv, ciphertext, tag }, associatedData(owner)).toString();
}

function bytesOf(key: string): Buffer {
  return decodeBase64Url(key, KEY_BYTES) ?? Buffer.alloc(0);
}

function associatedData({ orgId, credentialId, credentialVersion, version }: TokenOwner): Buffer {
  return Buffer.from(
    JSON.stringify(['patchbay vault token', orgId, credentialId, credentialVersion, version]),
  );
}
