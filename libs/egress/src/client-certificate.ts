import { createHash } from 'node:crypto';

export interface CertifiedKey {
  /** PEM: the certificate, then those that lead to its authority. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: string;
  readonly passphrase?: string;
}

/** What a client shows of itself when it connects. Its key cannot be printed. */
export class ClientCertificate {
  /** Tells two apart; says nothing about the key. */
  readonly fingerprint: string;
  readonly #key: CertifiedKey;

  constructor({ certificate, privateKey, passphrase }: CertifiedKey) {
    this.#key = { certificate, privateKey, ...(passphrase !== undefined && { passphrase }) };
    const parts = JSON.stringify([certificate, privateKey, passphrase ?? null]);
    this.fingerprint = createHash('sha256').update(parts).digest('base64url');
  }

  tlsOptions(): { cert: string; key: string; passphrase?: string } {
    const { certificate: cert, privateKey: key, passphrase } = this.#key;
    return { cert, key, ...(passphrase !== undefined && { passphrase }) };
  }
}
