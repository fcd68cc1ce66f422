import { createDatabase, startPostgres } from '#devstack/postgres';
import { migrate } from '#runtime/migrate';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { dataSources } from './data-sources.js';

// See check-migrations.sh.

const home = await mkdtemp(join(tmpdir(), 'patchbay-migrations-'));
const folder = join(home, 'postgres');
const postgres = await startPostgres({ dataDir: folder });
let differences = 0;
try {
  const url = await createDatabase(postgres.url, 'migrations');
  for (const dataSource of dataSources) {
    const options = dataSource(url, 2);
    await migrate(options);
    const connected = await new DataSource(options).initialize();
    for (const { name } of options.migrations) await connected.undoLastMigration().then(() => name);
    differences += await leftovers(connected, options.schema);
    await connected.runMigrations();
    const { upQueries } = await connected.driver.createSchemaBuilder().log();
    for (const { query } of upQueries)
      process.stdout.write(`${options.schema}: entities and migrations differ: ${query}\n`);
    differences += upQueries.length;
    await connected.destroy();
  }
} finally {
  await postgres.stop();
  await rm(await realpath(folder), { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
}
process.stdout.write(
  differences === 0 ? 'Migrations and entities agree.\n' : `${differences} differences.\n`,
);
process.exit(differences === 0 ? 0 : 1);

/** What undoing every migration has not undone. */
async function leftovers(connected: DataSource, schema: string): Promise<number> {
  const rows: { relname: string }[] = await connected.query(
    `SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE nspname = $1 AND relname !~ '^(migrations|pk_|PK_)'`,
    [schema],
  );
  for (const { relname } of rows)
    process.stdout.write(`${schema}: undoing the migrations leaves ${relname}\n`);
  return rows.length;
}
