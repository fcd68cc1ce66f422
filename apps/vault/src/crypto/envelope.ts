import { decodeBase64Url } from '#sealing/encoding';
import { createCipheriv, createDecipheriv, randomBytes, type CipherKey } from 'node:crypto';
import { KEY_ID, type Keyring } from './keyring.js';

const FORMAT = 'v1';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const cipher = 'aes-256-gcm';
const options = { authTagLength: TAG_BYTES }; // without it, Node takes tags of 4 bytes

/** Whose secret it is. All of it is bound to the ciphertext, which opens nowhere else. */
export interface SecretOwner {
  readonly orgId: string;
  readonly credentialId: string;
  readonly version: number;
  /** Which secret of the credential: `token`, `header:x-api-key`, … */
  readonly field: string;
  /** What the credential says in clear about the secret's use: whoever edits that, loses the secret. */
  readonly terms: string;
}

/** A sealed secret does not open. Says why, nothing of what is inside. */
export class EnvelopeError extends Error {}

interface Box {
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

/**
 * Seals one secret under a data key of its own, which is sealed under the keyring's current key. The text is
 *
 *     v1.<key id>.<wrap iv>.<wrapped data key and its tag>.<iv>.<ciphertext>.<tag>
 *
 * each part after the key id in base64url of 12, 48, 12, any and 16 bytes. Both boxes are AES-256-GCM; both have
 * format, key id and owner as associated data.
 */
export function sealSecret(plaintext: Buffer, keyring: Keyring, owner: SecretOwner): string {
  const { id, key } = keyring.current;
  const dataKey = randomBytes(KEY_BYTES);
  const wrapped = encrypt(key, dataKey, associatedData('data key', id, owner));
  const box = encrypt(dataKey, plaintext, associatedData('secret', id, owner));
  dataKey.fill(0);
  const wrappedKey = Buffer.concat([wrapped.ciphertext, wrapped.tag]);
  const parts = [wrapped.iv, wrappedKey, box.iv, box.ciphertext, box.tag];
  return [FORMAT, id, ...parts.map((part) => part.toString('base64url'))].join('.');
}

/**
 * Opens what {@link sealSecret} sealed for this owner. The caller erases the plaintext after use.
 * @throws EnvelopeError when the text is not whole, its key is not in the keyring, or anything was altered
 */
export function openSecret(sealed: string, keyring: Keyring, owner: SecretOwner): Buffer {
  const { keyId, wrapped, box } = parseEnvelope(sealed);
  const key = keyring.find(keyId);
  if (!key) throw new EnvelopeError('its key is not in the keyring');
  const dataKey = decrypt(key, wrapped, associatedData('data key', keyId, owner));
  try {
    return decrypt(dataKey, box, associatedData('secret', keyId, owner));
  } finally {
    dataKey.fill(0);
  }
}

/** The id of the key that a secret is sealed under; undefined when the text does not name one. */
export function keyIdOf(sealed: string): string | undefined {
  const keyId = sealed.split('.', 2)[1];
  return keyId !== undefined && KEY_ID.test(keyId) ? keyId : undefined;
}

function parseEnvelope(sealed: string): { keyId: string; wrapped: Box; box: Box } {
  const parts = sealed.split('.');
  const keyId = keyIdOf(sealed);
  if (parts[0] !== FORMAT || parts.length !== 7 || !keyId) throw new EnvelopeError('it is not in format v1');
  const wrapIv = decodeBase64Url(parts[2] ?? '', IV_BYTES);
  const wrappedKey = decodeBase64Url(parts[3] ?? '', KEY_BYTES + TAG_BYTES);
  const iv = decodeBase64Url(parts[4] ?? '', IV_BYTES);
  const ciphertext = decodeBase64Url(parts[5] ?? '');
  const tag = decodeBase64Url(parts[6] ?? '', TAG_BYTES);
  if (!wrapIv || !wrappedKey || !iv || !ciphertext || !tag) {
    throw new EnvelopeError('it is not in format v1');
  }
  const wrapped = {
    iv: wrapIv,
    ciphertext: wrappedKey.subarray(0, KEY_BYTES),
    tag: wrappedKey.subarray(KEY_BYTES),
  };
  return { keyId, wrapped, box: { iv, ciphertext, tag } };
}

/** A JSON array of strings has one reading: no value can pass for the end of one and the start of the next. */
function associatedData(box: 'data key' | 'secret', keyId: string, owner: SecretOwner): Buffer {
  const { orgId, credentialId, version, field, terms } = owner;
  const bound = [`patchbay vault ${box}`, FORMAT, keyId, orgId, credentialId, String(version), field, terms];
  return Buffer.from(JSON.stringify(bound));
}

function encrypt(key: CipherKey, plaintext: Buffer, associated: Buffer): Box {
  const iv = randomBytes(IV_BYTES);
  const sealer = createCipheriv(cipher, key, iv, options).setAAD(associated);
  const ciphertext = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  return { iv, ciphertext, tag: sealer.getAuthTag() };
}

function decrypt(key: CipherKey, { iv, ciphertext, tag }: Box, associated: Buffer): Buffer {
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
