import { checkDatabaseUser, databaseReadiness } from '#runtime/database';
import { startService } from '#runtime/start-service';
import { ExecutorConfig } from './config.js';
import { ExecutorModule } from './executor.module.js';

await startService({
  name: 'executor',
  config: ExecutorConfig,
  module: (config) => ExecutorModule.forRoot(config),
  readiness: databaseReadiness,
  check: checkDatabaseUser,
});
