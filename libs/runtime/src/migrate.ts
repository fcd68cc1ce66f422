import { DataSource, type DataSourceOptions } from 'typeorm';

/** Any number; the same for every migrator of Patchbay, so that two never run at once. */
const MIGRATION_LOCK = 7_220_941;

/** No caller waits for a migration: it may take its time, for its turn, too. */
const patientConnections = { max: 2, connectionTimeoutMillis: 30_000, keepAlive: true };

/**
 * Brings one service's schema up to date: makes the schema when it is not there, then runs the migrations that are
 * missing, each in a transaction. Safe to run from several processes at once: they take turns.
 * @returns the names of the migrations that ran
 */
export async function migrate(
  options: DataSourceOptions & { type: 'postgres'; schema: string },
): Promise<string[]> {
  const dataSource = await new DataSource({ ...options, extra: patientConnections }).initialize();
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await lock.query(`CREATE SCHEMA IF NOT EXISTS "${options.schema}"`);
    const ran = await dataSource.runMigrations({ transaction: 'each' });
    return ran.map((migration) => migration.name);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await lock.release();
    await dataSource.destroy();
  }
}
