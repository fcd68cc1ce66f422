import { realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';

export default async function globalTeardown(): Promise<void> {
  const postgres = globalThis.integrationPostgres;
  if (!postgres) return;
  await postgres.stop();
  const data = await realpath(join(postgres.home, 'postgres'));
  await rm(data, { recursive: true, force: true });
  await rm(postgres.home, { recursive: true, force: true });
}
