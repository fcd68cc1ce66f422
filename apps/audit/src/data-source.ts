import { postgresOptions } from '#runtime/database';
import { ExecutionEntity } from './executions/execution.entity.js';
import { CreateExecutions1763900000000 } from './migrations/1763900000000-create-executions.js';
import { AddMissingPaths1763910000000 } from './migrations/1763910000000-add-missing-paths.js';

/** Used by Nest and by the migrator; everything listed by class. */
export const auditDataSource = (url: string, pool?: number) => ({
  ...postgresOptions({ service: 'audit', url, pool }),
  entities: [ExecutionEntity],
  migrations: [CreateExecutions1763900000000, AddMissingPaths1763910000000],
});
