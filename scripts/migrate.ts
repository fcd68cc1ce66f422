import { ConfigError, loadConfig } from '#runtime/load-config';
import { migrate } from '#runtime/migrate';
import { roleName } from '#runtime/service-role';
import 'reflect-metadata';
import { dataSources } from './data-sources.js';
import { MigrateConfig } from './migrate.config.js';

// npm run migrate: brings every service's schema in DATABASE_URL up to date, and the rights of the services' roles.

async function main(): Promise<void> {
  const config = loadConfig(MigrateConfig);
  const passwords: Record<string, string | undefined> = {
    catalog: config.CATALOG_DATABASE_PASSWORD,
    vault: config.VAULT_DATABASE_PASSWORD,
    executor: config.EXECUTOR_DATABASE_PASSWORD,
    audit: config.AUDIT_DATABASE_PASSWORD,
    gateway: config.GATEWAY_DATABASE_PASSWORD,
  };
  for (const dataSource of dataSources) {
    const options = dataSource(config.DATABASE_URL, 2);
    const { schema } = options;
    const role = { name: roleName(config.DATABASE_URL, schema), password: passwords[schema] };
    const ran = await migrate(options, config.DATABASE_ROLES === 'separate' ? role : undefined);
    for (const name of ran) process.stdout.write(`${schema}: ${name}\n`);
  }
}

main().catch((error: unknown) => {
  const text = error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : error;
  process.stderr.write(`${String(text)}\n`);
  process.exit(1);
});
