import { decodeBase64Url } from '#sealing/encoding';
import { randomBytes, type KeyObject } from 'node:crypto';
import { decrypt, encrypt, EnvelopeError, IV_BYTES, KEY_BYTES, TAG_BYTES, type Box } from './box.js';
import { KEY_ID, type NamedKey } from './keyring.js';

const FORMAT = 'v1';

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

/** Finds the key of an id; undefined when it has none of that id. */
export interface KeyFinder {
  find(id: string): KeyObject | undefined;
}

/**
 * Seals one secret under a data key of its own, which is sealed under `key`. The text is
 *
 *     v1.<key id>.<wrap iv>.<wrapped data key and its tag>.<iv>.<ciphertext>.<tag>
 *
 * each part after the key id in base64url of 12, 48, 12, any and 16 bytes. Both boxes are AES-256-GCM; both have
 * format, key id and owner as associated data.
 */
export function sealSecret(plaintext: Buffer, { id, key }: NamedKey, owner: SecretOwner): string {
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
 * @throws EnvelopeError when the text is not whole, its key is not among those given, or anything was altered
 */
export function openSecret(sealed: string, keys: KeyFinder, owner: SecretOwner): Buffer {
  const { keyId, wrapped, box } = parseEnvelope(sealed);
  const key = keys.find(keyId);
  if (!key) throw new EnvelopeError('its key is not there');
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
