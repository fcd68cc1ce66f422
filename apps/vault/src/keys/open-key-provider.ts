import { readKeyring, type VaultConfig } from '../config.js';
import type { KeyProvider } from './key-provider.js';
import { LocalKeys } from './local.provider.js';

/** The key provider that the configuration names. */
export function openKeyProvider(config: VaultConfig): Promise<KeyProvider> {
  return Promise.resolve(new LocalKeys(() => readKeyring(config)));
}
