import { postgresOptions } from '#runtime/database';
import type { ServiceRights } from '#runtime/table-rights';
import { ApiKeyEntity } from './auth/api-key.entity.js';
import { OrganizationEntity } from './auth/organization.entity.js';
import { CreateApiKeys1763800000000 } from './migrations/1763800000000-create-api-keys.js';

/** What the gateway may do in its schema: said here, and nowhere else. */
const rights = {
  tables: {
    // Across organizations to find whose a key is, and whether there is any organization yet.
    organizations: { may: ['SELECT', 'INSERT', 'UPDATE'], organization: 'id', across: ['SELECT'] },
    api_keys: { may: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], across: ['SELECT'] },
  },
} as const satisfies ServiceRights;

/** Used by Nest and by the migrator; everything listed by class. */
export const gatewayDataSource = (url: string, pool?: number) => ({
  ...postgresOptions({ service: 'gateway', url, pool }),
  entities: [OrganizationEntity, ApiKeyEntity],
  migrations: [CreateApiKeys1763800000000],
  rights,
});
