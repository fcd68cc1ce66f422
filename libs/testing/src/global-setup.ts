import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, type RunningPostgres } from '#devstack/postgres';

declare global {
  var integrationPostgres: (RunningPostgres & { home: string }) | undefined;
}

/** One Postgres for all integration tests of a run; every spec makes its own database in it. */
export default async function globalSetup(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'patchbay-int-'));
  const postgres = await startPostgres({ dataDir: join(home, 'postgres') });
  globalThis.integrationPostgres = { ...postgres, home };
  process.env.TEST_POSTGRES_URL = postgres.url;
}
