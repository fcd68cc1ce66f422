import { Logger, type INestApplicationContext } from '@nestjs/common';
import type { EventEmitter } from 'node:events';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { ReadinessCheck } from './operations-server.js';

export interface ServiceDatabase {
  /** The service's name is its schema's name. */
  readonly service: string;
  readonly url: string;
  /** Connections this process may hold; 10 when absent. */
  readonly pool?: number | undefined;
}

/** What every service's data source has in common: its own schema, and the limits without which a pool waits for ever. */
export function postgresOptions({ service, url, pool = 10 }: ServiceDatabase) {
  return {
    type: 'postgres',
    url,
    schema: service,
    applicationName: `patchbay-${service}`,
    migrationsTableName: 'migrations',
    installExtensions: false, // no service may
    invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
    extra: {
      max: pool,
      connectionTimeoutMillis: 2000, // the default waits for ever for a free connection
      statement_timeout: 5000,
      query_timeout: 6000, // a server that has gone silent never times out by itself
      idle_in_transaction_session_timeout: 10_000,
      keepAlive: true,
      pipeline: true, // begin, statement and end of a transaction travel together: see organizations.ts
      onConnect: surviveErrors,
    },
  } as const satisfies DataSourceOptions;
}

/**
 * Between the pool's listener and TypeORM's a new connection has none. A server that ends it in that moment, as one
 * does that shuts down, would end the process.
 */
function surviveErrors(connection: EventEmitter): void {
  connection.on('error', () => undefined); // the next query on it fails, and says why
}

/** How Nest waits for the database at start: as long as it takes, so that the order of starting does not matter. */
export const patience = {
  retryAttempts: Number.MAX_SAFE_INTEGER,
  retryDelay: 1000,
  verboseRetryLog: false,
} as const;

/** Says so when the service has come to the database as somebody whom row-level security does not bind. */
export async function checkDatabaseUser(app: INestApplicationContext): Promise<void> {
  const [user] = await app
    .get(DataSource)
    .query<{ isUnbound: boolean }[]>(
      'SELECT rolsuper OR rolbypassrls AS "isUnbound" FROM pg_roles WHERE rolname = current_user',
    );
  if (!user?.isUnbound) return;
  new Logger('Database').warn(
    'The user of DATABASE_URL is a superuser or bypasses row-level security: the database does not keep organizations ' +
      'apart for it. Give this service its own role (docs/database.md)',
  );
}

/** A readiness check that asks the database something. */
export function databaseReadiness(app: INestApplicationContext): Record<string, ReadinessCheck> {
  return {
    database: () =>
      app
        .get(DataSource)
        .query('SELECT 1')
        .then(
          () => undefined,
          () => 'cannot be queried',
        ),
  };
}
