import type { ServiceRights } from '#runtime/table-rights';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { dataSources } from './data-sources.js';

type Command = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE' | 'TRIGGER' | 'ALTER';
const privileges = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN'];

/** What is tried, in a transaction that is undone. Nothing of it is a matter of which rows there are. */
const attempts: Record<Command, (table: string, column: string) => string> = {
  SELECT: (table) => `SELECT * FROM ${table} LIMIT 1`,
  INSERT: (table) => `INSERT INTO ${table} DEFAULT VALUES`,
  UPDATE: (table, column) => `UPDATE ${table} SET ${column} = NULL WHERE false`,
  DELETE: (table) => `DELETE FROM ${table} WHERE false`,
  TRUNCATE: (table) => `TRUNCATE ${table}`,
  TRIGGER: (table) =>
    `CREATE TRIGGER spy BEFORE INSERT ON ${table} EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
  ALTER: (table) => `ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`,
};

/** Tables whose rows belong to no organization: nothing else may be without row-level security. */
const ofNobody = [
  'executor.outbox', // records of several organizations in one row, on their way to audit
  'vault.instances',
  'vault.key_versions',
  'vault.rotations',
];

/** Said twice on purpose: what was written there stays. */
const appendOnly = ['audit.executions', 'catalog.tool_versions', 'vault.accesses'];

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly column: string;
  readonly hasOrganization: boolean;
  readonly isIsolated: boolean;
  readonly policies: readonly string[];
}

describe('the database role of a service', () => {
  let admin: pg.Client;
  const roles = new Map<string, { name: string; client: pg.Client; rights: ServiceRights }>();
  const schemas: string[] = [];

  beforeAll(async () => {
    const url = await createTestDatabase();
    admin = new pg.Client(url);
    await admin.connect();
    for (const dataSource of dataSources) {
      const { schema, rights } = dataSource(url);
      const serviceUrl = await migrateAsService(dataSource, url);
      const client = new pg.Client(serviceUrl);
      await client.connect();
      schemas.push(schema);
      roles.set(schema, { name: new URL(serviceUrl).username, client, rights });
    }
  });
  afterAll(async () => {
    for (const { client } of roles.values()) await client.end();
    await admin.end();
  });

  const rowsOf = async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []) =>
    (await admin.query<Row>(sql, values)).rows;

  const tables = () =>
    rowsOf<Table>(
      `SELECT n.nspname AS schema, c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS "isIsolated",
         (SELECT attname FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0 LIMIT 1) AS column,
         EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND attname = 'org_id') AS "hasOrganization",
         ARRAY(SELECT polname::text FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY 1) AS policies
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1, 2`,
      [schemas],
    );

  const declared = () =>
    [...roles].flatMap(([schema, { rights }]) =>
      Object.entries(rights.tables).flatMap(([table, { may }]) =>
        may.map((privilege) => `${schema} may ${privilege} ${schema}.${table}`),
      ),
    );

  /** Of every role, and of everybody, for every table: also what a single column is enough for. */
  async function granted(): Promise<string[]> {
    const everybody = [...roles].map(([service, { name }]) => ({ service, name }));
    const found: string[] = [];
    for (const { schema, name } of await tables()) {
      for (const role of [...everybody, { service: 'everybody', name: 'public' }]) {
        const held = await rowsOf<{ privilege: string }>(
          `SELECT privilege FROM unnest($3::text[]) AS privilege WHERE has_table_privilege($1, $2::regclass, privilege)
             OR (privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
                 AND has_any_column_privilege($1, $2::regclass, privilege))`,
          [role.name, `${schema}.${name}`, privileges],
        );
        found.push(...held.map(({ privilege }) => `${role.service} may ${privilege} ${schema}.${name}`));
      }
    }
    return found;
  }

  /** What must not be: a table of organizations that Postgres does not keep apart. */
  async function exposed(): Promise<string[]> {
    return (await tables())
      .filter(({ schema, name, hasOrganization, isIsolated, policies }) => {
        if (name === 'migrations') return hasOrganization;
        if (ofNobody.includes(`${schema}.${name}`)) return hasOrganization;
        return !isIsolated || !policies.includes('organization') || !policies.includes('owner');
      })
      .map(({ schema, name }) => `${schema}.${name}`);
  }

  /** What the control does is undone. */
  async function tampered(tampering: string, look: () => Promise<string[]>): Promise<string[]> {
    await admin.query(`BEGIN; ${tampering}`);
    try {
      return await look();
    } finally {
      await admin.query('ROLLBACK');
    }
  }

  it('has exactly the rights that are declared, and nobody else has any', async () => {
    expect((await granted()).sort()).toEqual(declared().sort());
  });

  it('cannot do with any table what it has no right to, and can what it has', async () => {
    const wrong: string[] = [];
    let tried = 0;
    for (const [service, { client, rights }] of roles) {
      for (const { schema, name, column } of await tables()) {
        const may: readonly string[] = schema === service ? (rights.tables[name]?.may ?? []) : [];
        for (const [command, attempt] of Object.entries(attempts)) {
          await client.query('BEGIN');
          const refusal = await client.query(attempt(`${schema}.${name}`, `"${column}"`)).then(
            () => undefined,
            (error: unknown) => error as pg.DatabaseError,
          );
          await client.query('ROLLBACK');
          // A row that row-level security refuses has the same code; the right was there.
          const isDenied =
            refusal?.code === '42501' && /permission denied|must be owner/.test(refusal.message);
          tried += 1;
          if (isDenied === may.includes(command)) {
            wrong.push(`${service}: ${command} ${schema}.${name}: ${refusal?.message ?? 'went well'}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(tried).toBe(roles.size * (await tables()).length * Object.keys(attempts).length);
  });

  it('enters its own schema only, makes nothing there, and is nobody special', async () => {
    for (const [service, { name, client, rights }] of roles) {
      const reached = await rowsOf<{ schema: string }>(
        `SELECT nspname AS schema FROM pg_namespace WHERE nspname <> 'public' AND nspname !~ '^(pg_|information_schema$)'
           AND has_schema_privilege($1, oid, 'USAGE')`,
        [name],
      );
      expect(reached).toEqual([{ schema: service }]);
      const [powers] = await rowsOf(
        `SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
           EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) AS "isMember",
           EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid) AS "isOwner",
           EXISTS (SELECT FROM pg_namespace n WHERE has_schema_privilege(r.oid, n.oid, 'CREATE')) AS "mayMakeTables",
           has_database_privilege(r.oid, current_database(), 'CREATE') AS "mayMakeSchemas",
           has_database_privilege(r.oid, current_database(), 'TEMPORARY') AS "mayMakeTemporaryTables"
         FROM pg_roles r WHERE rolname = $1`,
        [name],
      );
      expect(new Set(Object.values(powers ?? {}))).toEqual(new Set([false]));
      const functions = await rowsOf<{ name: string }>(
        `SELECT n.nspname || '.' || proname AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = ANY ($2) AND has_function_privilege($1, p.oid, 'EXECUTE')`,
        [name, schemas],
      );
      expect(functions.map((one) => one.name)).toEqual(
        (rights.functions ?? []).map((one) => `${service}.${one}`),
      );
      await expect(client.query(`CREATE TABLE ${service}.mine ()`)).rejects.toThrow('permission denied');
    }
  });

  it('is kept to the rows of one organization in every table that has some', async () => {
    expect(await exposed()).toEqual([]);
    const isolated = (await tables()).filter(({ isIsolated }) => isIsolated);
    expect(isolated.length).toBe([...roles.values()].flatMap((one) => Object.keys(one.rights.tables)).length - ofNobody.length); // prettier-ignore
  });

  it('adds to what is append-only, and does no more', async () => {
    const rights = await granted();
    for (const table of appendOnly) {
      const [service = ''] = table.split('.');
      expect(rights.filter((right) => right.endsWith(` ${table}`))).toEqual(
        ['SELECT', 'INSERT'].map((privilege) => `${service} may ${privilege} ${table}`),
      );
    }
  });

  it.each<[string, string, string]>([
    [
      'a right too many',
      'GRANT DELETE ON audit.executions TO PUBLIC',
      'everybody may DELETE audit.executions',
    ],
    [
      'a right to a column of another schema',
      'GRANT SELECT (content) ON vault.credentials TO PUBLIC',
      'everybody may SELECT vault.credentials',
    ],
  ])('is seen by this spec when it has %s', async (_name, tampering, expected) => {
    expect(await tampered(tampering, granted)).toContain(expected);
  });

  it.each<[string, string, string]>([
    ['a new table', 'CREATE TABLE vault.forgotten (org_id uuid)', 'vault.forgotten'],
    ['a new table without organizations', 'CREATE TABLE catalog.news (text text)', 'catalog.news'],
    ['a table that spares its owner', 'ALTER TABLE vault.tokens NO FORCE ROW LEVEL SECURITY', 'vault.tokens'],
    ['a table without its policy', 'DROP POLICY organization ON catalog.tools', 'catalog.tools'],
  ])('is seen by this spec to be exposed: %s', async (_name, tampering, expected) => {
    expect(await tampered(tampering, exposed)).toContain(expected);
  });
});
