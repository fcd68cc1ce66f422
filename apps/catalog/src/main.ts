import { checkDatabaseUser, databaseReadiness } from '#runtime/database';
import { startService } from '#runtime/start-service';
import { CatalogModule } from './catalog.module.js';
import { CatalogConfig } from './config.js';

await startService({
  name: 'catalog',
  config: CatalogConfig,
  module: (config) => CatalogModule.forRoot(config),
  readiness: databaseReadiness,
  check: checkDatabaseUser,
});
