import type { KeyObject } from 'node:crypto';
import { EnvelopeError } from '../crypto/box.js';
import type { Keyring } from '../crypto/keyring.js';
import { unwrapKey, wrapKey } from '../crypto/wrap-key.js';
import { contextBytes, KeyProviderError, type KeyProvider, type WrapContext } from './key-provider.js';

/** Keys of the environment or of a file, used in this process. A file is read again for a key that is not known yet. */
export class LocalKeys implements KeyProvider {
  private keyring: Keyring;

  /** @param read the keys as they are now. @throws KeyringError */
  constructor(private readonly read: () => Keyring) {
    this.keyring = read();
  }

  knows(versionId: string): Promise<boolean> {
    return Promise.resolve(this.find(versionId) !== undefined);
  }

  newest(): Promise<string> {
    this.keyring = this.read();
    return Promise.resolve(this.keyring.current.id);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- others ask elsewhere
  async wrap(versionId: string, key: Buffer, context: WrapContext): Promise<string> {
    return wrapKey(this.need(versionId), key, contextBytes(versionId, context));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- others ask elsewhere
  async unwrap(versionId: string, wrapped: string, context: WrapContext): Promise<Buffer> {
    const key = this.need(versionId);
    try {
      return unwrapKey(key, wrapped, contextBytes(versionId, context));
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error;
      throw new KeyProviderError(`key \`${versionId}\` does not open it: ${error.message}`);
    }
  }

  /** For what was sealed under the key itself, as vaults did before organizations had keys of their own. */
  find(versionId: string): KeyObject | undefined {
    const known = this.keyring.find(versionId);
    if (known) return known;
    this.keyring = this.read();
    return this.keyring.find(versionId);
  }

  private need(versionId: string): KeyObject {
    const key = this.find(versionId);
    if (!key) throw new KeyProviderError(`key \`${versionId}\` is not among the keys given`);
    return key;
  }
}
