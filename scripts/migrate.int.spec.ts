import { postgresOptions } from '#runtime/database';
import { migrate } from '#runtime/migrate';
import { forOrganization, readForOrganization } from '#runtime/organizations';
import { roleName, roleUrl } from '#runtime/service-role';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { executorDataSource } from '../apps/executor/src/data-source.js';
import { vaultDataSource } from '../apps/vault/src/data-source.js';

const password = randomBytes(12).toString('hex');

/** npm run migrate. */
function run(environment: Record<string, string>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/scripts/migrate.js'], {
    env: environment,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('npm run migrate by a user who is no superuser', () => {
  let admin: pg.Client;
  let adminUrl: string;
  let database: string;

  beforeAll(async () => {
    adminUrl = await createTestDatabase();
    database = new URL(adminUrl).pathname.slice(1);
    admin = new pg.Client(adminUrl);
    await admin.connect();
    for (const [role, power] of [
      ['maker', 'CREATEROLE'],
      ['keeper', 'NOCREATEROLE'],
    ] as const) {
      await admin.query(`CREATE ROLE ${database}_${role} LOGIN ${power} PASSWORD '${password}'`);
    }
    await admin.query(`ALTER DATABASE ${database} OWNER TO ${database}_maker`);
  });
  afterAll(() => admin.end());

  const urlOf = (role: string) => roleUrl(adminUrl, role, password);
  const connected = async <Result>(url: string, work: (client: pg.Client) => Promise<Result>) => {
    const client = new pg.Client(url);
    try {
      await client.connect();
      return await work(client);
    } finally {
      await client.end();
    }
  };

  it('makes the services’ roles where it may, and does it all again without harm', async () => {
    const environment = {
      DATABASE_URL: urlOf('maker'),
      VAULT_DATABASE_PASSWORD: 'of-the-vault-alone',
      AUDIT_DATABASE_PASSWORD: 'of-audit-alone',
    };
    const first = run(environment);
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toContain('vault: CreateCredentials');
    expect(run(environment)).toEqual({ status: 0, stdout: '', stderr: '' });

    const vault = roleUrl(adminUrl, 'vault', 'of-the-vault-alone');
    expect(await connected(vault, (client) => client.query('SELECT FROM vault.credentials'))).toMatchObject({
      rowCount: 0,
    });
    await expect(connected(vault, (client) => client.query('SELECT FROM audit.executions'))).rejects.toThrow(
      'permission denied for schema audit',
    );
    await expect(connected(roleUrl(adminUrl, 'catalog', ''), () => Promise.resolve())).rejects.toThrow(
      /password/,
    );
    const [row] = (
      await admin.query<{ rolpassword: string }>('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [
        roleName(adminUrl, 'vault'),
      ])
    ).rows;
    expect(row?.rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
  });

  it('has what is old deleted by audit, which may not delete, and sees all rows when it says so', async () => {
    const [orgId, old, young] = [randomUUID(), randomUUID(), randomUUID()];
    const url = roleUrl(adminUrl, 'audit', 'of-audit-alone');
    const service = await new DataSource(postgresOptions({ service: 'audit', url })).initialize();
    await forOrganization(service, orgId, async (manager) => {
      for (const [id, age] of [
        [old, '3 days'],
        [young, '1 hour'],
      ]) {
        await manager.query(
          `INSERT INTO audit.executions (execution_id, org_id, tool_key, version, is_test, status, outcome, attempts,
             started_at, total_ms) VALUES ($1, $2, 'x', 1, false, 'succeeded', 'ok', 1, now() - $3::interval, 1)`,
          [id, orgId, age],
        );
      }
    });
    expect(await service.query('SELECT audit.purge_executions(2, 10) AS purged')).toEqual([{ purged: 1 }]);
    await expect(service.query('SELECT audit.purge_executions(0, 10)')).rejects.toThrow('a day at least');
    const left = await readForOrganization(service, orgId, (manager) =>
      manager.query('SELECT execution_id AS id FROM audit.executions'),
    );
    await service.destroy();

    expect(left).toEqual([{ id: young }]);
    const seen = (setting: string) =>
      connected(urlOf('maker'), async (client) => {
        await client.query(setting);
        return (await client.query('SELECT FROM audit.executions')).rowCount;
      });
    expect(await seen('SELECT 1')).toBe(0);
    expect(await seen(`SET patchbay.organizations = 'all'`)).toBe(1);
  });

  it('says what to do where it may not make them, and can do without', async () => {
    const other = new URL(await createTestDatabase());
    const name = other.pathname.slice(1);
    await admin.query(`ALTER DATABASE ${name} OWNER TO ${database}_keeper`);
    other.username = `${database}_keeper`;
    other.password = password;

    const refused = run({ DATABASE_URL: other.href });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`may not create the role ${name}_catalog`);
    expect(refused.stderr).toContain('DATABASE_ROLES=shared');
    expect(run({ DATABASE_URL: other.href, DATABASE_ROLES: 'shared' })).toMatchObject({
      status: 0,
      stderr: '',
    });
    const orgId = randomUUID();
    const shared = await new DataSource(postgresOptions({ service: 'vault', url: other.href })).initialize();
    await forOrganization(shared, orgId, (manager) =>
      manager.query(
        `INSERT INTO vault.organization_keys (org_id, id, key_version, wrapped, is_current) VALUES ($1, 'a', 'b', 'c', true)`,
        [orgId],
      ),
    );
    const count = 'SELECT count(*)::int AS count FROM vault.organization_keys';
    expect(await shared.query(count)).toEqual([{ count: 0 }]); // the owner, too
    expect(await readForOrganization(shared, orgId, (manager) => manager.query(count))).toEqual([
      { count: 1 },
    ]);
    await shared.destroy();

    for (const service of ['catalog', 'vault', 'executor', 'audit', 'gateway']) {
      await admin.query(`CREATE ROLE ${name}_${service} LOGIN`);
    }
    expect(run({ DATABASE_URL: other.href })).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('the migration of a service', () => {
  let url: string;
  let admin: pg.Client;

  beforeAll(async () => {
    url = await createTestDatabase();
    await migrateAsService(vaultDataSource, url);
    admin = new pg.Client(url);
    await admin.connect();
  });
  afterAll(() => admin.end());

  const role = () => ({ name: roleName(url, 'vault') });
  const again = () => migrate(vaultDataSource(url), role());

  it('takes away what its role was given besides, and makes good what was taken', async () => {
    await admin.query(`GRANT DELETE ON vault.accesses TO ${role().name}`);
    await admin.query('GRANT SELECT (content) ON vault.credentials TO PUBLIC');
    await admin.query(`REVOKE SELECT ON vault.tokens FROM ${role().name}`);
    await admin.query('CREATE POLICY everything ON vault.tokens USING (true)');
    await admin.query('DROP POLICY organization ON vault.credentials');
    await admin.query('ALTER TABLE vault.accesses NO FORCE ROW LEVEL SECURITY');
    await again();

    const { rows } = await admin.query<Record<string, unknown>>(
      `SELECT has_table_privilege($1, 'vault.accesses', 'DELETE') AS delete,
         has_any_column_privilege('public', 'vault.credentials', 'SELECT') AS column,
         has_table_privilege($1, 'vault.tokens', 'SELECT') AS select,
         (SELECT relforcerowsecurity FROM pg_class WHERE oid = 'vault.accesses'::regclass) AS forced,
         ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = 'vault.tokens'::regclass ORDER BY 1) AS tokens,
         EXISTS (SELECT FROM pg_policy WHERE polrelid = 'vault.credentials'::regclass AND polname = 'organization') AS made`,
      [role().name],
    );
    expect(rows).toEqual([
      {
        ...{ delete: false, column: false, select: true, forced: true, made: true },
        tokens: ['across_select', 'across_update', 'organization', 'owner'],
      },
    ]);
  });

  it('makes a policy anew that says something else, and leaves the others alone', async () => {
    const policies = async () => {
      const { rows } = await admin.query<{ name: string; oid: number; rule: string }>(
        `SELECT polname AS name, oid::int, coalesce(pg_get_expr(polqual, polrelid), '') AS rule
         FROM pg_policy WHERE polrelid = 'vault.tokens'::regclass ORDER BY 1`,
      );
      return rows;
    };
    const declared = await policies();
    await admin.query('ALTER POLICY organization ON vault.tokens USING (true)');
    await again();

    const made = await policies();
    expect(made.map(({ name, rule }) => [name, rule])).toEqual(
      declared.map(({ name, rule }) => [name, rule]),
    );
    const isKept = made.map(({ oid }, index) => oid === declared[index]?.oid);
    expect(isKept).toEqual(declared.map(({ name }) => name !== 'organization'));
  });

  it.each<[string, string, string]>([
    ['a superuser', 'ALTER ROLE % SUPERUSER', 'must not be a superuser'],
    ['one that bypasses row-level security', 'ALTER ROLE % BYPASSRLS', 'must not bypass row-level security'],
    ['a member of another role', 'GRANT pg_read_all_data TO %', 'must not be a member of another role'],
    ['the owner of a table', 'ALTER TABLE vault.tokens OWNER TO %', 'must not own tables'],
  ])('refuses a role that is %s', async (_name, empowered, problem) => {
    await admin.query(empowered.replace('%', role().name));

    await expect(again()).rejects.toThrow(problem);
    const undo = [
      `ALTER ROLE ${role().name} NOSUPERUSER NOBYPASSRLS`,
      `REVOKE pg_read_all_data FROM ${role().name}`,
      'ALTER TABLE vault.tokens OWNER TO CURRENT_USER',
    ];
    for (const statement of undo) await admin.query(statement);
    await again();
  });

  it('refuses a table nobody has declared the rights of, and rights to a table that is not there', async () => {
    await admin.query('CREATE TABLE vault.forgotten (org_id uuid)');
    await expect(again()).rejects.toThrow('The rights to vault.forgotten must be declared');
    const { rights, ...options } = vaultDataSource(url);
    const declared = (organization: null | 'org_id') =>
      migrate({
        ...options,
        rights: { tables: { ...rights.tables, forgotten: { may: ['SELECT'], organization } } },
      });
    await expect(declared(null)).rejects.toThrow('vault.forgotten has an org_id');
    await declared('org_id');
    await admin.query('DROP TABLE vault.forgotten');
    await expect(declared('org_id')).rejects.toThrow('There is no table vault.forgotten');
  });
});

describe('the purge of the journal', () => {
  it('deletes executions that ended long ago, of every organization, and leaves the others', async () => {
    const url = await createTestDatabase();
    const serviceUrl = await migrateAsService(executorDataSource, url);
    const service = await new DataSource(
      postgresOptions({ service: 'executor', url: serviceUrl }),
    ).initialize();
    const idOf = (ageHours: number) => uuidv7({ msecs: Date.now() - ageHours * 3_600_000 });
    const rows = [
      { id: idOf(30), state: 'finished' },
      { id: idOf(25), state: 'finished' },
      { id: idOf(25), state: 'started' },
      { id: idOf(23), state: 'finished' },
    ];
    for (const { id, state } of rows) {
      await forOrganization(service, randomUUID(), async (manager) => {
        await manager.query(
          `INSERT INTO executor.executions (execution_id, org_id, idempotency_key, fingerprint, state, record, lease_until)
           VALUES ($1::uuid, current_setting('patchbay.organizations')::uuid, $1::text, '', $2, '{}', now())`,
          [id, state],
        );
      });
    }
    const purge = 'SELECT executor.purge_executions(24, 1) AS purged';
    const purged = [await service.query(purge), await service.query(purge), await service.query(purge)];
    await expect(service.query('SELECT executor.purge_executions(0, 1)')).rejects.toThrow('an hour at least');
    await service.destroy();
    const admin = new pg.Client(url);
    await admin.connect();
    const left = await admin.query<{ id: string }>(
      'SELECT execution_id AS id FROM executor.executions ORDER BY 1',
    );
    await admin.end();

    expect(purged).toEqual([[{ purged: 1 }], [{ purged: 1 }], [{ purged: 0 }]]);
    expect(left.rows.map(({ id }) => id)).toEqual([rows[2]!.id, rows[3]!.id].sort());
  });
});
