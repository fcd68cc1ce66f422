import { postgresOptions } from '#runtime/database';
import type { ServiceRights } from '#runtime/table-rights';
import { ExecutionJournalEntity } from './journal/execution-journal.entity.js';
import { OutboxEntity } from './journal/outbox.entity.js';
import { CreateJournal1763710000000 } from './migrations/1763710000000-create-journal.js';
import { PurgeByKey1763720000000 } from './migrations/1763720000000-purge-by-key.js';
import { PurgeByFunction1795320200000 } from './migrations/1795320200000-purge-by-function.js';

/** What executors may do in their schema: said here, and nowhere else. */
const rights = {
  tables: {
    // Across organizations where leases ran out; deleted by age only.
    executions: { may: ['SELECT', 'INSERT', 'UPDATE'], across: ['SELECT', 'UPDATE'] },
    // Rows hold records of several organizations, on their way to audit. Locked to be swept: that takes UPDATE.
    outbox: { may: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], organization: null },
  },
  functions: ['purge_executions'],
} as const satisfies ServiceRights;

/** Used by Nest and by the migrator; everything listed by class. */
export const executorDataSource = (url: string, pool?: number) => ({
  ...postgresOptions({ service: 'executor', url, pool }),
  entities: [ExecutionJournalEntity, OutboxEntity],
  migrations: [CreateJournal1763710000000, PurgeByKey1763720000000, PurgeByFunction1795320200000],
  rights,
});
