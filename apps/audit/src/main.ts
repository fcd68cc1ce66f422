import { checkDatabaseUser, databaseReadiness } from '#runtime/database';
import { startService } from '#runtime/start-service';
import { AuditModule } from './audit.module.js';
import { AuditConfig } from './config.js';

await startService({
  name: 'audit',
  config: AuditConfig,
  module: (config) => AuditModule.forRoot(config),
  readiness: databaseReadiness,
  check: checkDatabaseUser,
});
