import { postgresOptions } from '#runtime/database';
import { AccessEntity } from './accesses/access.entity.js';
import { CredentialEntity } from './credentials/credential.entity.js';
import { CreateCredentials1795228634000 } from './migrations/1795228634000-create-credentials.js';
import { CreateAccesses1795315000000 } from './migrations/1795315000000-create-accesses.js';

/** The vault's schema. Used by Nest, by the migrator and by specs. */
export const vaultDataSource = (url: string, pool?: number) => ({
  ...postgresOptions({ service: 'vault', url, pool }),
  entities: [CredentialEntity, AccessEntity],
  migrations: [CreateCredentials1795228634000, CreateAccesses1795315000000],
});
