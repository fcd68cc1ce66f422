import { postgresOptions } from '#runtime/database';
import type { ServiceRights } from '#runtime/table-rights';
import { AccessEntity } from './accesses/access.entity.js';
import { AuthorizationEntity } from './connections/authorization.entity.js';
import { CredentialEntity } from './credentials/credential.entity.js';
import { KeyVersionEntity } from './keys/key-version.entity.js';
import { OrganizationKeyEntity } from './keys/organization-key.entity.js';
import { VaultInstanceEntity } from './keys/vault-instance.entity.js';
import { CreateCredentials1795228634000 } from './migrations/1795228634000-create-credentials.js';
import { CreateAccesses1795315000000 } from './migrations/1795315000000-create-accesses.js';
import { CreateKeys1795316000000 } from './migrations/1795316000000-create-keys.js';
import { CreateTokens1795317000000 } from './migrations/1795317000000-create-tokens.js';
import { CreateConnections1795318000000 } from './migrations/1795318000000-create-connections.js';
import { NameSecrets1795319100000 } from './migrations/1795319100000-name-secrets.js';
import { RotationEntity } from './rotation/rotation.entity.js';
import { TokenEntity } from './tokens/token.entity.js';

/** What the vault may do in its schema: said here, and nowhere else. */
const rights = {
  tables: {
    // Across organizations where keys are rotated only.
    credentials: { may: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], across: ['SELECT', 'UPDATE'] },
    organization_keys: {
      may: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
      across: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    },
    accesses: { may: ['SELECT', 'INSERT'], across: ['INSERT'] }, // append-only
    // Across organizations to notice what has ended.
    tokens: { may: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], across: ['SELECT', 'UPDATE'] },
    // Across organizations to find whose a link or a browser is, and to clear away what is over.
    authorizations: { may: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], across: ['SELECT', 'DELETE'] },
    key_versions: { may: ['SELECT', 'INSERT', 'UPDATE'], organization: null },
    instances: { may: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], organization: null },
    rotations: { may: ['SELECT', 'INSERT', 'UPDATE'], organization: null },
  },
} as const satisfies ServiceRights;

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
    AuthorizationEntity,
  ],
  migrations: [
    CreateCredentials1795228634000,
    CreateAccesses1795315000000,
    CreateKeys1795316000000,
    CreateTokens1795317000000,
    CreateConnections1795318000000,
    NameSecrets1795319100000,
  ],
  rights,
});
