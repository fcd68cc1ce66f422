import { patience } from '#runtime/database';
import { IntakeKey } from '#sealing/intake-key';
import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { readExecutorKey, readIntakeKey, readKeyring, type VaultConfig } from './config.js';
import { AccessEntity } from './accesses/access.entity.js';
import { AccessLog } from './accesses/access-log.service.js';
import { AccessesController } from './accesses/accesses.controller.js';
import { CredentialEntity } from './credentials/credential.entity.js';
import { CredentialIntake } from './credentials/credential.intake.js';
import { CredentialSealer } from './credentials/credential.sealer.js';
import { CredentialsController } from './credentials/credentials.controller.js';
import { CredentialsService } from './credentials/credentials.service.js';
import { OpeningService } from './credentials/opening.service.js';
import { ExecutorKey } from './crypto/executor-key.js';
import { Keyring } from './crypto/keyring.js';
import { vaultDataSource } from './data-source.js';

@Module({})
export class VaultModule {
  static forRoot(config: VaultConfig): DynamicModule {
    const dataSource = vaultDataSource(config.DATABASE_URL, config.DATABASE_POOL);
    return {
      module: VaultModule,
      imports: [
        TypeOrmModule.forRoot({ ...dataSource, ...patience }),
        TypeOrmModule.forFeature([CredentialEntity, AccessEntity]),
      ],
      controllers: [CredentialsController, AccessesController],
      providers: [
        AccessLog,
        CredentialsService,
        CredentialIntake,
        OpeningService,
        CredentialSealer,
        { provide: Keyring, useValue: readKeyring(config) },
        { provide: IntakeKey, useValue: readIntakeKey(config) },
        { provide: ExecutorKey, useValue: readExecutorKey(config) },
      ],
    };
  }
}
