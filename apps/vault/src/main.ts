import { checkDatabaseUser, databaseReadiness } from '#runtime/database';
import { startService } from '#runtime/start-service';
import { VaultConfig } from './config.js';
import { VaultModule } from './vault.module.js';

await startService({
  name: 'vault',
  config: VaultConfig,
  module: (config) => VaultModule.forRoot(config),
  readiness: databaseReadiness,
  check: checkDatabaseUser,
});
