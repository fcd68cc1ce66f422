import { postgresOptions } from '#runtime/database';
import { AccessEntity } from './accesses/access.entity.js';
import { CredentialEntity } from './credentials/credential.entity.js';
import { KeyVersionEntity } from './keys/key-version.entity.js';
import { OrganizationKeyEntity } from './keys/organization-key.entity.js';
import { VaultInstanceEntity } from './keys/vault-instance.entity.js';
import { CreateCredentials1795228634000 } from './migrations/1795228634000-create-credentials.js';
import { CreateAccesses1795315000000 } from './migrations/1795315000000-create-accesses.js';
import { CreateKeys1795316000000 } from './migrations/1795316000000-create-keys.js';
import { CreateTokens1795317000000 } from './migrations/1795317000000-create-tokens.js';
import { RotationEntity } from './rotation/rotation.entity.js';
import { TokenEntity } from './tokens/token.entity.js';

/** The vault's schema. Used by Nest, by the migrator and by specs. */
export const vaultDataSource = (url: string, pool?: number) => ({
  ...postgresOptions({ service: 'vault', url, pool }),
  entities: [
    CredentialEntity,
    AccessEntity,
    KeyVersionEntity,
    OrganizationKeyEntity,
    VaultInstanceEntity,
    RotationEntity,
    TokenEntity,
  ],
  migrations: [
    CreateCredentials1795228634000,
    CreateAccesses1795315000000,
    CreateKeys1795316000000,
    CreateTokens1795317000000,
  ],
});
