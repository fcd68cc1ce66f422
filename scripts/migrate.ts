import { migrate } from '#runtime/migrate';
import { dataSources } from './data-sources.js';

// npm run migrate: brings every service's schema in DATABASE_URL up to date.

const url = process.env.DATABASE_URL;
if (!url) {
  process.stderr.write('DATABASE_URL must name the database: postgres://user:password@host:port/database\n');
  process.exit(1);
}
for (const dataSource of dataSources) {
  const options = dataSource(url, 2);
  for (const name of await migrate(options)) process.stdout.write(`${options.schema}: ${name}\n`);
}
