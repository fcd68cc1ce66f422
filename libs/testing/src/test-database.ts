import { createDatabase } from '#devstack/postgres';
import { randomBytes } from 'node:crypto';

/** The URL of a new, empty database on the run's Postgres; for integration specs. */
export async function createTestDatabase(): Promise<string> {
  const server = process.env.TEST_POSTGRES_URL;
  if (!server) throw new Error('No Postgres: run this spec as part of the `int` project');
  return createDatabase(server, `test_${randomBytes(6).toString('hex')}`);
}
