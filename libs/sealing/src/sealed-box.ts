import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { decodeBase64Url } from './encoding.js';

const FORMAT = 's1';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const cipher = 'aes-256-gcm';
const options = { authTagLength: TAG_BYTES }; // without it, Node takes tags of 4 bytes

/** Sealing or opening was refused. Says nothing of what is inside. */
export class SealingError extends Error {}

/**
 * Encrypts so that only the owner of the private half of `publicKey` can read it, and so that the owner knows that a
 * holder of the executors' key wrote it. `context` is bound to it: opening takes the same one.
 *
 * The text is `s1.<ephemeral public key>.<ciphertext>.<tag>`, each base64url. Key and IV come by HKDF-SHA256 from an
 * X25519 agreement with a fresh ephemeral key (hence never the same twice) and the executors' key.
 *
 * @throws SealingError when the public key is not one, or one of the few that agree with everybody
 */
export function sealTo(publicKey: string, executorKey: Buffer, plaintext: Buffer, context: string): string {
  const recipient = decodeBase64Url(publicKey, KEY_BYTES);
  if (!recipient) throw new SealingError('The public key is not 32 bytes of base64url');
  const pair = generateKeyPairSync('x25519');
  const ephemeral = rawPublicKey(pair.publicKey);
  const secret = deriveSecret(agree(pair.privateKey, recipient), executorKey, ephemeral, recipient);
  const sealer = createCipheriv(cipher, secret.key, secret.iv, options).setAAD(Buffer.from(context));
  const ciphertext = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  secret.erase();
  const parts = [ephemeral, ciphertext, sealer.getAuthTag()].map((part) => part.toString('base64url'));
  return [FORMAT, ...parts].join('.');
}

/**
 * Opens what {@link sealTo} sealed to this pair.
 * @throws SealingError when anything differs: text, key, executors' key or context
 */
export function openSealed(
  pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  executorKey: Buffer,
  sealed: string,
  context: string,
): Buffer {
  const { ephemeral, ciphertext, tag } = parseSealed(sealed);
  const recipient = rawPublicKey(pair.publicKey);
  const secret = deriveSecret(agree(pair.privateKey, ephemeral), executorKey, ephemeral, recipient);
  const opener = createDecipheriv(cipher, secret.key, secret.iv, options)
    .setAAD(Buffer.from(context))
    .setAuthTag(tag);
  secret.erase();
  const unverified = opener.update(ciphertext);
  try {
    return Buffer.concat([unverified, opener.final()]);
  } catch {
    throw new SealingError('Not sealed to this key in this context, or altered since');
  } finally {
    unverified.fill(0);
  }
}

/** The 32 bytes of an X25519 public key. */
export function rawPublicKey(publicKey: KeyObject): Buffer {
  const { x } = publicKey.export({ format: 'jwk' });
  return Buffer.from(x ?? '', 'base64url');
}

function parseSealed(sealed: string): { ephemeral: Buffer; ciphertext: Buffer; tag: Buffer } {
  const [format, ...parts] = sealed.split('.');
  if (format !== FORMAT || parts.length !== 3) throw new SealingError('Not in the format s1');
  const ephemeral = decodeBase64Url(parts[0] ?? '', KEY_BYTES);
  const ciphertext = decodeBase64Url(parts[1] ?? '');
  const tag = decodeBase64Url(parts[2] ?? '', TAG_BYTES);
  if (!ephemeral || !ciphertext || !tag) throw new SealingError('Not in the format s1');
  return { ephemeral, ciphertext, tag };
}

function agree(privateKey: KeyObject, rawPublic: Buffer): Buffer {
  const jwk = { kty: 'OKP', crv: 'X25519', x: rawPublic.toString('base64url') };
  let shared: Buffer;
  try {
    shared = diffieHellman({ privateKey, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) });
  } catch {
    throw new SealingError('The public key is of low order');
  }
  // OpenSSL 3 refuses these by itself; RFC 7748, 6.1 asks for the check, so it does not rest on that.
  if (shared.every((byte) => byte === 0)) throw new SealingError('The public key is of low order');
  return shared;
}

/** Both public keys go in: X25519 ignores a bit of each, which would otherwise be free to flip. */
function deriveSecret(shared: Buffer, executorKey: Buffer, ephemeral: Buffer, recipient: Buffer) {
  const material = Buffer.concat([shared, executorKey]);
  const salt = Buffer.concat([ephemeral, recipient]);
  const derived = Buffer.from(
    hkdfSync('sha256', material, salt, `patchbay sealed box ${FORMAT}`, KEY_BYTES + IV_BYTES),
  );
  shared.fill(0);
  material.fill(0);
  return {
    key: derived.subarray(0, KEY_BYTES),
    iv: derived.subarray(KEY_BYTES),
    erase: () => derived.fill(0),
  };
}
