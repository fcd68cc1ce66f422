import { createDatabase } from '#devstack/postgres';
import { migrate } from '#runtime/migrate';
import { roleName, roleUrl } from '#runtime/service-role';
import { randomBytes } from 'node:crypto';

/** The URL of a new, empty database on the run's Postgres, for whom nothing is forbidden; for integration specs. */
export async function createTestDatabase(): Promise<string> {
  const server = process.env.TEST_POSTGRES_URL;
  if (!server) throw new Error('No Postgres: run this spec as part of the `int` project');
  return createDatabase(server, `test_${randomBytes(6).toString('hex')}`);
}

type DataSourceOf = (url: string) => Parameters<typeof migrate>[0];

/** Brings a service's schema up to date, and tells the URL of its role: with the rights that it has in production. */
export async function migrateAsService(dataSource: DataSourceOf, databaseUrl: string): Promise<string> {
  const options = dataSource(databaseUrl);
  const password = randomBytes(12).toString('hex');
  await migrate(options, { name: roleName(databaseUrl, options.schema), password });
  return roleUrl(databaseUrl, options.schema, password);
}
