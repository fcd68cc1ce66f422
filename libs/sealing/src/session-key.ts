import { createHmac, generateKeyPairSync, timingSafeEqual, type KeyObject } from 'node:crypto';
import { decodeBase64Url } from './encoding.js';
import { openSealed, rawPublicKey } from './sealed-box.js';

/** What an executor shows to have a credential opened: where to seal to, and that it may ask. */
export interface Session {
  /** X25519, 32 bytes raw, base64url. */
  readonly publicKey: string;
  /** HMAC-SHA256 over the public key, under the key all executors share; base64url. */
  readonly proof: string;
}

/**
 * One executor process's own key pair. The private half never leaves the process and is gone with it, so that what
 * was once recorded on the bus stays closed, also to somebody who later learns the executors' key.
 */
export class SessionKeyPair {
  // Truly private, so that printing or serializing this object shows the session only.
  readonly #executorKey: Buffer;
  readonly #pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

  private constructor(
    readonly session: Session,
    executorKey: Buffer,
    pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  ) {
    this.#executorKey = executorKey;
    this.#pair = pair;
  }

  /** @param executorKey the 32 bytes shared by executors and vault */
  static create(executorKey: Buffer): SessionKeyPair {
    const pair = generateKeyPairSync('x25519');
    const publicKey = rawPublicKey(pair.publicKey).toString('base64url');
    const session = { publicKey, proof: prove(publicKey, executorKey).toString('base64url') };
    return new SessionKeyPair(session, executorKey, pair);
  }

  /**
   * The plaintext of what was sealed to this session in this context. The caller erases it after use.
   * @throws SealingError when it was not, or was altered
   */
  open(sealed: string, context: string): Buffer {
    return openSealed(this.#pair, this.#executorKey, sealed, context);
  }
}

/** Whether the session key is an executor's. Takes the same time whatever is wrong with the proof. */
export function verifySession(session: Session, executorKey: Buffer): boolean {
  const proof = decodeBase64Url(session.proof, 32);
  if (!proof || !decodeBase64Url(session.publicKey, 32)) return false;
  return timingSafeEqual(proof, prove(session.publicKey, executorKey));
}

function prove(publicKey: string, executorKey: Buffer): Buffer {
  return createHmac('sha256', executorKey).update(`patchbay executor session v1\0${publicKey}`).digest();
}
