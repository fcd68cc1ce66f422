import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { openSealed, rawPublicKey, sealTo } from './sealed-box.js';

/** No second key is shared with whoever enters credentials: what proves them is their API key, checked before. */
const NO_SHARED_KEY = Buffer.alloc(0);
/** PKCS #8 of an X25519 private key (RFC 8410), up to its 32 bytes. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** The vault's own key pair, for what is sent to it. The same in every vault, unlike a session's. */
export class IntakeKey {
  /** X25519, 32 bytes raw, base64url: what whoever seals for the vault needs. */
  readonly publicKey: string;
  // Truly private: printing or serializing this object shows the public key only.
  readonly #pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

  /** @param privateKey any 32 bytes */
  constructor(privateKey: Buffer) {
    const key = createPrivateKey({
      key: Buffer.concat([PKCS8_PREFIX, privateKey]),
      format: 'der',
      type: 'pkcs8',
    });
    this.#pair = { privateKey: key, publicKey: createPublicKey(key) };
    this.publicKey = rawPublicKey(this.#pair.publicKey).toString('base64url');
  }

  /**
   * The plaintext of what {@link sealForVault} sealed. The caller erases it after use.
   * @throws SealingError when it was sealed to another key or in another context, or was altered
   */
  open(sealed: string, context: string): Buffer {
    return openSealed(this.#pair, NO_SHARED_KEY, sealed, context);
  }
}

/**
 * Encrypts what only the vault may read.
 * @throws SealingError when the public key is none
 */
export function sealForVault(publicKey: string, plaintext: Buffer, context: string): string {
  return sealTo(publicKey, NO_SHARED_KEY, plaintext, context);
}

/** What the secrets of an authorization are bound to on their way in: its step, and what that is about. */
export function authorizationContext(
  step: 'start' | 'begin' | 'finish',
  ...about: readonly string[]
): string {
  return JSON.stringify(['patchbay authorization', step, ...about.map((one) => one.toLowerCase())]);
}

/** What a credential on its way in is bound to: nobody can enter it for another organization. */
export function intakeContext(orgId: string): string {
  return JSON.stringify(['patchbay intake', orgId.toLowerCase()]);
}
