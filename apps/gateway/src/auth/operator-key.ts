import { timingSafeEqual } from 'node:crypto';
import { digestOf } from './key-secret.js';

/** What whoever runs the deployment shows; the gateway knows its SHA-256 alone. Without one nobody is the operator. */
export class OperatorKey {
  private readonly digest: Buffer | undefined;

  /** @param digest SHA-256 of the key, 64 hexadecimal digits */
  constructor(digest: string | undefined) {
    this.digest = digest === undefined ? undefined : Buffer.from(digest, 'hex');
  }

  is(text: string): boolean {
    return this.digest !== undefined && timingSafeEqual(digestOf(text), this.digest);
  }
}
