import { hasLocalKeys, readAwsKeys, readKeyring, type VaultConfig } from '../config.js';
import { CombinedKeys } from './combined.provider.js';
import type { KeyProvider } from './key-provider.js';
import { LocalKeys } from './local.provider.js';

/** The key provider that the configuration names. What another one needs is not even loaded. */
export async function openKeyProvider(config: VaultConfig): Promise<KeyProvider> {
  const local = () => new LocalKeys(() => readKeyring(config));
  const remote = await openRemote(config);
  if (!remote) return local();
  return hasLocalKeys(config) ? new CombinedKeys([remote, local()]) : remote;
}

async function openRemote(config: VaultConfig): Promise<KeyProvider | undefined> {
  switch (config.VAULT_KEY_PROVIDER) {
    case 'aws-kms': {
      const { AwsKmsKeys } = await import('./aws-kms.provider.js');
      return AwsKmsKeys.open({ keys: readAwsKeys(config), endpoint: config.VAULT_AWS_KMS_ENDPOINT });
    }
    case 'gcp-kms': {
      const { GcpKmsKeys } = await import('./gcp-kms.provider.js');
      const { VAULT_GCP_KMS_KEY: key = '', VAULT_GCP_KMS_ENDPOINT: endpoint } = config;
      return GcpKmsKeys.open({ key, endpoint });
    }
    case 'transit': {
      const { TransitKeys } = await import('./transit.provider.js');
      return new TransitKeys({
        url: config.VAULT_TRANSIT_URL ?? '',
        mount: config.VAULT_TRANSIT_MOUNT,
        key: config.VAULT_TRANSIT_KEY,
        token: config.VAULT_TRANSIT_TOKEN,
        tokenFile: config.VAULT_TRANSIT_TOKEN_FILE,
        namespace: config.VAULT_TRANSIT_NAMESPACE,
      });
    }
    case 'environment':
    case 'file':
    case undefined:
      return undefined;
  }
}
