import { postgresOptions } from '#runtime/database';
import { ApiKeyEntity } from './auth/api-key.entity.js';
import { OrganizationEntity } from './auth/organization.entity.js';
import { CreateApiKeys1763800000000 } from './migrations/1763800000000-create-api-keys.js';

/** Used by Nest and by the migrator; everything listed by class. */
export const gatewayDataSource = (url: string, pool?: number) => ({
  ...postgresOptions({ service: 'gateway', url, pool }),
  entities: [OrganizationEntity, ApiKeyEntity],
  migrations: [CreateApiKeys1763800000000],
});
