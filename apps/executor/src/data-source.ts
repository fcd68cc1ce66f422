import { postgresOptions } from '#runtime/database';
import { ExecutionJournalEntity } from './journal/execution-journal.entity.js';
import { OutboxEntity } from './journal/outbox.entity.js';
import { CreateJournal1763710000000 } from './migrations/1763710000000-create-journal.js';
import { PurgeByKey1763720000000 } from './migrations/1763720000000-purge-by-key.js';

/** Used by Nest and by the migrator; everything listed by class. */
export const executorDataSource = (url: string, pool?: number) => ({
  ...postgresOptions({ service: 'executor', url, pool }),
  entities: [ExecutionJournalEntity, OutboxEntity],
  migrations: [CreateJournal1763710000000, PurgeByKey1763720000000],
});
