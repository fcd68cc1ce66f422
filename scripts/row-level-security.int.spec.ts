import {
  acrossOrganizations,
  forOrganization,
  queryForOrganizations,
  readAcrossOrganizations,
  readForOrganization,
} from '#runtime/organizations';
import { postgresOptions } from '#runtime/database';
import type { Privilege, TableRights } from '#runtime/table-rights';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { dataSources } from './data-sources.js';

const ours = randomUUID();
const theirs = randomUUID();

const tables = dataSources.flatMap((dataSource) => {
  const { schema, rights } = dataSource('postgres://nobody@127.0.0.1/none');
  return Object.entries<TableRights>(rights.tables).flatMap(
    ([name, { may, organization = 'org_id', across = [] }]) =>
      organization === null ? [] : [{ table: `${schema}.${name}`, schema, organization, may, across }],
  );
});

/** A value for a column of each type; what a constraint asks for besides is named. */
const values: Record<string, string> = {
  uuid: 'gen_random_uuid()',
  text: `md5(random()::text)`,
  int4: '1',
  float8: '1',
  bool: 'false',
  json: `'{}'`,
  jsonb: `'{}'`,
  timestamptz: 'now()',
  bytea: `sha256(random()::text::bytea)`,
  _text: `'{}'`,
  role: `'viewer'`,
};

interface Row {
  readonly owner: string;
}

interface Column {
  readonly name: string;
  readonly type: string;
}

/** Every statement here names no organization: what the services add to theirs is left away. */
describe.each(tables)('$table', ({ table, schema, organization, may, across }) => {
  const ALL_ROWS = `SELECT *, ${organization} AS owner FROM ${table}`;
  let admin: pg.Client;
  let service: DataSource;
  let columns: Column[];

  beforeAll(async () => {
    const url = await createTestDatabase();
    admin = new pg.Client(url);
    await admin.connect();
    await admin.query(`SET session_replication_role = 'replica'`); // rows of one table alone: no triggers, no references
    let serviceUrl = '';
    for (const dataSource of dataSources) {
      if (dataSource(url).schema === schema) serviceUrl = await migrateAsService(dataSource, url);
    }
    service = await new DataSource(
      postgresOptions({ service: schema, url: serviceUrl, pool: 1 }),
    ).initialize();
    const { rows } = await admin.query<Column>(
      `SELECT attname AS name, typname AS type FROM pg_attribute a JOIN pg_type t ON t.oid = atttypid
       WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
      [table],
    );
    columns = rows;
  });
  afterAll(async () => {
    await service.destroy();
    await admin.end();
  });
  beforeEach(async () => {
    await admin.query(`TRUNCATE ${table} CASCADE`);
    await admin.query(rowOf(ours));
    await admin.query(rowOf(theirs));
  });

  const rowOf = (orgId: string) => {
    const given = columns.map(({ name: column, type }) =>
      column === organization ? `'${orgId}'` : (values[column] ?? values[type] ?? 'missing'),
    );
    return `INSERT INTO ${table} SELECT ${given.join(', ')}`;
  };
  /** Whose rows these are. */
  const whose = async (manager: Pick<EntityManager, 'query'>) =>
    (await manager.query<Row[]>(ALL_ROWS)).map((row) => row.owner);
  const stored = async () => (await admin.query<Row>(ALL_ROWS)).rows.map((row) => row.owner).sort();
  const UPDATE_ALL = `UPDATE ${table} SET ${organization} = ${organization}`;
  const DELETE_ALL = `DELETE FROM ${table}`;
  const countOf = async (manager: EntityManager, statement: string) =>
    (await manager.query<[unknown[], number]>(statement))[1];
  const asOurs = (statement: string) =>
    forOrganization(service, ours, (manager) => countOf(manager, statement));
  const refusal = async (work: Promise<unknown>) => {
    try {
      await work;
      return 'none';
    } catch (error) {
      return String(error);
    }
  };

  it('shows an organization its own rows only', async () => {
    expect(await stored()).toEqual([ours, theirs].sort());
    expect(await readForOrganization(service, ours, whose)).toEqual([ours]);
    expect(await forOrganization(service, theirs, whose)).toEqual([theirs]);
    const once = await queryForOrganizations<Row>(service, [ours], { text: ALL_ROWS, values: [] });
    expect(once.rows.map((row) => row.owner)).toEqual([ours]);
  });

  it('has another one’s rows neither changed nor deleted nor added', async () => {
    if (may.includes('UPDATE')) {
      expect(await asOurs(UPDATE_ALL)).toBe(1);
      expect(await asOurs(`${UPDATE_ALL} WHERE ${organization} = '${theirs}'`)).toBe(0);
      const moved = asOurs(`UPDATE ${table} SET ${organization} = '${theirs}'`);
      expect(await refusal(moved)).toContain('row-level security');
    }
    if (may.includes('DELETE')) {
      expect(await asOurs(DELETE_ALL)).toBe(1);
      expect(await stored()).toEqual([theirs]);
    }
    const added = asOurs(rowOf(theirs));
    expect(await refusal(added)).toContain('row-level security');
    const own = asOurs(rowOf(ours));
    expect(await refusal(own)).not.toContain('row-level security');
    expect((await stored()).filter((orgId) => orgId === theirs)).toEqual([theirs]);
  });

  it('shows, and takes, nothing when no organization is named, before and after on the same connection', async () => {
    for (const before of [() => Promise.resolve(), () => readForOrganization(service, ours, whose)]) {
      await before();

      expect(await whose(service.manager)).toEqual([]);
      expect(await refusal(service.query(rowOf(ours)))).toContain('row-level security');
      if (may.includes('UPDATE')) expect(await countOf(service.manager, UPDATE_ALL)).toBe(0);
      if (may.includes('DELETE')) expect(await countOf(service.manager, DELETE_ALL)).toBe(0);
    }
  });

  it(`allows across organizations ${across.join(', ') || 'nothing'}`, async () => {
    const reached: Privilege[] = [];
    const isReached = async (privilege: Privilege, statement: string) => {
      if (!may.includes(privilege)) return;
      const touched = acrossOrganizations(service, 'a test', async (manager) => {
        if ((await countOf(manager, statement)) === 2) reached.push(privilege);
        throw new Error('undone');
      });
      await refusal(touched);
    };
    if ((await readAcrossOrganizations(service, 'a test', whose)).length === 2) reached.push('SELECT');
    const added = acrossOrganizations(service, 'a test', (manager) => manager.query(rowOf(randomUUID())));
    if ((await refusal(added)) === 'none') reached.push('INSERT');
    await admin.query(`DELETE FROM ${table} WHERE ${organization} NOT IN ('${ours}', '${theirs}')`);
    await isReached('UPDATE', UPDATE_ALL);
    await isReached('DELETE', DELETE_ALL);

    expect(reached.sort()).toEqual([...across].sort());
  });
});
