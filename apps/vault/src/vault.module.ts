import { patience } from '#runtime/database';
import { GrantKey } from '#sealing/credential-grant';
import { IntakeKey } from '#sealing/intake-key';
import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { readExecutorKey, readGrantKey, readIntakeKey, type VaultConfig } from './config.js';
import { AccessLog } from './accesses/access-log.service.js';
import { AccessesController } from './accesses/accesses.controller.js';
import { Authorizations } from './connections/authorizations.service.js';
import { ConnectionsController } from './connections/connections.controller.js';
import { Connections } from './connections/connections.service.js';
import { AccountCredentials } from './connections/account-credentials.service.js';
import { Revocations } from './connections/revocations.service.js';
import { CredentialIntake } from './credentials/credential.intake.js';
import { CredentialSealer } from './credentials/credential.sealer.js';
import { CredentialsController } from './credentials/credentials.controller.js';
import { CredentialsService } from './credentials/credentials.service.js';
import { OpeningGate } from './credentials/opening-gate.service.js';
import { OpeningService } from './credentials/opening.service.js';
import { StoredCredentials } from './credentials/stored-credentials.queries.js';
import { ExecutorKey } from './crypto/executor-key.js';
import { vaultDataSource } from './data-source.js';
import { KEY_PROVIDER, type KeyProvider } from './keys/key-provider.js';
import { KeyVersionEntity } from './keys/key-version.entity.js';
import { KeyVersions } from './keys/key-versions.service.js';
import { openKeyProvider } from './keys/open-key-provider.js';
import { OrganizationKeys } from './keys/organization-keys.service.js';
import { OperationsController } from './rotation/operations.controller.js';
import { RewrapService } from './rotation/rewrap.service.js';
import { RotationService } from './rotation/rotation.service.js';
import { RotationWorker } from './rotation/rotation-worker.service.js';
import { ShreddingService } from './rotation/shredding.service.js';
import { AccessTokens } from './tokens/access-tokens.service.js';
import { HealthNews } from './tokens/health-news.service.js';
import { HealthWatch } from './tokens/health-watch.service.js';
import { TokenEndpoint } from './tokens/token-endpoint.js';
import { TokenStore } from './tokens/token-store.service.js';

@Module({})
export class VaultModule {
  static forRoot(config: VaultConfig): DynamicModule {
    const dataSource = vaultDataSource(config.DATABASE_URL, config.DATABASE_POOL);
    return {
      module: VaultModule,
      imports: [
        TypeOrmModule.forRoot({ ...dataSource, ...patience }),
        TypeOrmModule.forFeature([KeyVersionEntity]),
      ],
      controllers: [CredentialsController, ConnectionsController, AccessesController, OperationsController],
      providers: [
        AccessLog,
        CredentialsService,
        CredentialIntake,
        OpeningGate,
        OpeningService,
        StoredCredentials,
        CredentialSealer,
        KeyVersions,
        OrganizationKeys,
        RotationService,
        RewrapService,
        RotationWorker,
        ShreddingService,
        { provide: KEY_PROVIDER, useFactory: (): Promise<KeyProvider> => openKeyProvider(config) },
        AccessTokens,
        TokenStore,
        HealthNews,
        HealthWatch,
        Authorizations,
        Connections,
        AccountCredentials,
        Revocations,
        {
          provide: TokenEndpoint,
          useFactory: () => new TokenEndpoint(config),
        },
        { provide: IntakeKey, useValue: readIntakeKey(config) },
        { provide: GrantKey, useValue: readGrantKey(config) },
        { provide: ExecutorKey, useValue: readExecutorKey(config) },
      ],
    };
  }
}
