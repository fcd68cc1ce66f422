import { postgresOptions } from '#runtime/database';
import { CredentialEntity } from './credentials/credential.entity.js';
import { CreateCredentials1795228634000 } from './migrations/1795228634000-create-credentials.js';

/** The vault's schema. Used by Nest, by the migrator and by specs. */
export const vaultDataSource = (url: string, pool?: number) => ({
  ...postgresOptions({ service: 'vault', url, pool }),
  entities: [CredentialEntity],
  migrations: [CreateCredentials1795228634000],
});
