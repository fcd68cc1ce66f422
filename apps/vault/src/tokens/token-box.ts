import { decodeBase64Url } from '#sealing/encoding';
import { randomBytes } from 'node:crypto';
import { decrypt, encrypt, IV_BYTES, KEY_BYTES, TAG_BYTES } from '../crypto/box.js';

/** Whose token, and which one: bound to its ciphertext. */
export interface TokenOwner {
  readonly orgId: string;
  readonly credentialId: string;
  readonly endUser: string;
  readonly credentialVersion: number;
  readonly version: number;
}

/** What a sealed text is for: it opens for nothing else. */
export type Purpose = readonly (string | number)[];

export function tokenPurpose(kind: 'access' | 'refresh', owner: TokenOwner): Purpose {
  const { orgId, credentialId, endUser, credentialVersion, version } = owner;
  return ['patchbay vault token', kind, orgId, credentialId, endUser, credentialVersion, version];
}

/** Of the PKCE verifier of one authorization. */
export function verifierPurpose(authorizationId: string): Purpose {
  return ['patchbay vault verifier', authorizationId];
}

/** A credential's own key for the tokens it gets. It is a secret of the credential, sealed and re-sealed with it. */
export function newTokenKey(): string {
  return randomBytes(KEY_BYTES).toString('base64url');
}

export function sealText(text: string, key: string, purpose: Purpose): string {
  const { iv, ciphertext, tag } = encrypt(bytesOf(key), Buffer.from(text), associatedData(purpose));
  return Buffer.concat([iv, ciphertext, tag]).toString('base64url');
}

/** @throws EnvelopeError when it was sealed for anything else, or altered */
export function openText(sealed: string, key: string, purpose: Purpose): string {
  const box = decodeBase64Url(sealed) ?? Buffer.alloc(0);
  const iv = box.subarray(0, IV_BYTES);
  const ciphertext = box.subarray(IV_BYTES, -TAG_BYTES);
  const tag = box.subarray(-TAG_BYTES);
  return decrypt(bytesOf(key), { iv, ciphertext, tag }, associatedData(purpose)).toString();
}

function bytesOf(key: string): Buffer {
  return decodeBase64Url(key, KEY_BYTES) ?? Buffer.alloc(0);
}

function associatedData(purpose: Purpose): Buffer {
  return Buffer.from(JSON.stringify(purpose));
}
