import { sealTo } from '#sealing/sealed-box';
import { verifySession, type Session } from '#sealing/session-key';

/** The key shared with the executors: tells their session keys from anybody else's, and seals to those only. */
export class ExecutorKey {
  readonly #key: Buffer; // truly private: printing this object shows nothing

  constructor(key: Buffer) {
    this.#key = key;
  }

  isProvenBy(session: Session): boolean {
    return verifySession(session, this.#key);
  }

  sealTo(session: Session, plaintext: Buffer, context: string): string {
    return sealTo(session.publicKey, this.#key, plaintext, context);
  }
}
