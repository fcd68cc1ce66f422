import { readForOrganization } from '#runtime/organizations';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { DataSource } from 'typeorm';
import { auditDataSource } from './data-source.js';

const ORG = randomUUID();

describe('the schema of audit', () => {
  let dataSource: DataSource;
  let service: DataSource;

  beforeAll(async () => {
    const url = await createTestDatabase();
    service = await new DataSource(
      auditDataSource(await migrateAsService(auditDataSource, url)),
    ).initialize();
    dataSource = await new DataSource(auditDataSource(url)).initialize();
  });
  afterAll(async () => {
    await service.destroy();
    await dataSource.destroy();
  });

  /** With row-level security, as the service asks. */
  const planOf = async (query: string) => {
    const plan = await readForOrganization(service, ORG, (manager) =>
      manager.query<Record<string, string>[]>(`EXPLAIN ${query}`),
    );
    return plan.map((row) => row['QUERY PLAN']).join('\n');
  };

  it('is what its entities say', async () => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();

    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  describe('filled', () => {
    beforeAll(async () => {
      await dataSource.query(`
        INSERT INTO audit.executions (execution_id, org_id, call_id, tool_key, version, is_test, status, outcome,
          attempts, started_at, total_ms)
        SELECT gen_random_uuid(), '${ORG}', gen_random_uuid(), 'tool_' || n % 20, 1, n % 500 = 0,
          CASE n % 200 WHEN 0 THEN 'failed' ELSE 'succeeded' END, 'ok', 1, now() - n * interval '1 min', n
          FROM generate_series(1, 20000) AS n`);
      await dataSource.query('ANALYZE audit.executions');
    });

    it.each<[string, string, string]>([
      ['everything', '', 'executions_by_time'],
      ['one tool', `AND tool_key = 'tool_7'`, 'executions_by_tool'],
      ['one call', `AND call_id = '${randomUUID()}'`, 'executions_by_call'],
      ['what failed', `AND status = 'failed'`, 'executions_not_succeeded'],
      ['tests', 'AND is_test = true', 'executions_tests'],
    ])('has an index for a list of %s', async (_what, filter, index) => {
      const plan = await planOf(`
        SELECT * FROM audit.executions WHERE org_id = '${ORG}' ${filter}
          ORDER BY started_at DESC, execution_id DESC LIMIT 51`);

      expect(plan).toContain(`using ${index} `);
    });
  });

  it('has an index for the question whether anything mapped was missing', async () => {
    const plan = await planOf(`
      SELECT EXISTS (SELECT FROM audit.executions
        WHERE org_id = '${ORG}' AND started_at >= now() - interval '20 days' AND missing_paths IS NOT NULL)`);

    expect(plan).toContain('using executions_missing_paths ');
  });

  it('goes away without a trace', async () => {
    const { migrations } = dataSource;
    for (let undone = 0; undone < migrations.length; undone += 1) await dataSource.undoLastMigration();

    const left = await dataSource.query<object[]>(
      `SELECT FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid
        WHERE nspname = 'audit' AND relname LIKE '%execution%'`,
    );
    expect(left).toEqual([]);
    expect(await dataSource.runMigrations()).toHaveLength(migrations.length);
  });
});

describe('the data source of audit', () => {
  it('outlives a server that ends a connection in the moment it is made', async () => {
    const message = (type: string, body: string) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(body.length + 4);
      return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
    };
    const welcome = [message('R', '\0\0\0\0'), message('Z', 'I')];
    const farewell = message('E', 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0');
    // In one segment, so that the client reads both before anybody has got hold of the connection.
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.concat([...welcome, farewell])));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `postgres://audit:audit@127.0.0.1:${(server.address() as AddressInfo).port}/audit`;

    await expect(new DataSource(auditDataSource(url)).initialize()).rejects.toThrow(/terminat|not queryable/);

    server.close();
  });
});
