import { postgresOptions } from '#runtime/database';
import type { ServiceRights } from '#runtime/table-rights';
import { ExecutionEntity } from './executions/execution.entity.js';
import { CreateExecutions1763900000000 } from './migrations/1763900000000-create-executions.js';
import { AddMissingPaths1763910000000 } from './migrations/1763910000000-add-missing-paths.js';
import { PurgeByFunction1795320100000 } from './migrations/1795320100000-purge-by-function.js';

/** What audit may do in its schema: said here, and nowhere else. A record is not changed, and deleted by age only. */
const rights = {
  tables: { executions: { may: ['SELECT', 'INSERT'] } },
  functions: ['purge_executions'],
} as const satisfies ServiceRights;

/** Used by Nest and by the migrator; everything listed by class. */
export const auditDataSource = (url: string, pool?: number) => ({
  ...postgresOptions({ service: 'audit', url, pool }),
  entities: [ExecutionEntity],
  migrations: [CreateExecutions1763900000000, AddMissingPaths1763910000000, PurgeByFunction1795320100000],
  rights,
});
