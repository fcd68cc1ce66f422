import { DataSource, type DataSourceOptions } from 'typeorm';
import { applyRights } from './apply-rights.js';
import { ALL, ORGANIZATIONS } from './organizations.js';
import { ensureRole } from './service-role.js';
import type { ServiceRights } from './table-rights.js';

/** Any number; the same for every migrator of Patchbay, so that two never run at once. */
const MIGRATION_LOCK = 7_220_941;

/** No caller waits for a migration: it may take its time, for its turn, too. It sees the rows of all organizations. */
const patientConnections = {
  max: 2,
  connectionTimeoutMillis: 30_000,
  keepAlive: true,
  options: `-c ${ORGANIZATIONS}=${ALL}`,
};

/** The role a service logs in as. */
export interface ServiceRole {
  readonly name: string;
  /** Set when given; without it, a role that is made cannot log in with a password yet. */
  readonly password?: string | undefined;
}

/**
 * Brings one service's schema up to date: makes the schema when it is not there, then runs the migrations that are
 * missing, each in a transaction, then has the service's rights be as they are declared. Safe to run from several
 * processes at once: they take turns.
 * @param role made when it is not there; without one, only row-level security is applied
 * @returns the names of the migrations that ran
 */
export async function migrate(
  { rights, ...options }: DataSourceOptions & { type: 'postgres'; schema: string; rights: ServiceRights },
  role?: ServiceRole,
): Promise<string[]> {
  const dataSource = await new DataSource({ ...options, extra: patientConnections }).initialize();
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await lock.query(`CREATE SCHEMA IF NOT EXISTS "${options.schema}"`);
    const ran = await dataSource.runMigrations({ transaction: 'each' });
    await dataSource.transaction(async (manager) => {
      if (role) await ensureRole(manager, role.name, role.password);
      await applyRights(manager, options.schema, rights, role?.name);
    });
    return ran.map((migration) => migration.name);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await lock.release();
    await dataSource.destroy();
  }
}
