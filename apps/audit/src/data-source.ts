import { postgresOptions } from '#runtime/database';
import type { EventEmitter } from 'node:events';
import { ExecutionEntity } from './executions/execution.entity.js';
import { CreateExecutions1763900000000 } from './migrations/1763900000000-create-executions.js';

/** Used by Nest and by the migrator; everything listed by class. */
export const auditDataSource = (url: string, pool?: number) => {
  const options = postgresOptions({ service: 'audit', url, pool });
  return {
    ...options,
    entities: [ExecutionEntity],
    migrations: [CreateExecutions1763900000000],
    extra: { ...options.extra, onConnect: surviveErrors },
  };
};

/**
 * Between the pool's listener and TypeORM's a new connection has none. A server that ends it in that moment, as one
 * does that shuts down, would end the process.
 */
function surviveErrors(connection: EventEmitter): void {
  connection.on('error', () => undefined); // the next query on it fails, and says why
}
