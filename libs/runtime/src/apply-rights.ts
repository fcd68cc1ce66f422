import pg from 'pg';
import type { EntityManager } from 'typeorm';
import { ALL, ORGANIZATIONS } from './organizations.js';
import { MIGRATIONS_TABLE, type Privilege, type ServiceRights, type TableRights } from './table-rights.js';

const quoted = (name: string) => pg.escapeIdentifier(name);

/** Evaluated once per statement: in a sub-select, Postgres does not do so for each row. */
const SETTING = `(SELECT current_setting('${ORGANIZATIONS}', true))`;
const NAMED = `(SELECT string_to_array(nullif(current_setting('${ORGANIZATIONS}', true), '${ALL}'), ',')::uuid[])`;

interface Table {
  readonly name: string;
  readonly owner: string;
  readonly columns: readonly string[];
  readonly isIsolated: boolean;
}

const TABLES = `
  SELECT c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
    c.relrowsecurity AND c.relforcerowsecurity AS "isIsolated",
    (SELECT coalesce(json_agg(attname), '[]') FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname`;

const POLICIES = `
  SELECT polname AS name, row(polcmd, polpermissive, polroles, pg_get_expr(polqual, polrelid),
    pg_get_expr(polwithcheck, polrelid))::text AS rule
  FROM pg_policy WHERE polrelid = $1::regclass`;

const TWIN = 'pg_temp.patchbay_policies';

/**
 * Makes what is declared true of the schema, whatever was so before: row-level security on every table whose rows belong
 * to organizations and, when there is a role, exactly its rights.
 * @throws Error when a table and its rights do not fit, or one of them is missing
 */
export async function applyRights(
  manager: EntityManager,
  schema: string,
  rights: ServiceRights,
  role: string | undefined,
): Promise<void> {
  const found = await manager.query<Table[]>(TABLES, [schema]);
  const tables = found.filter(({ name }) => name !== MIGRATIONS_TABLE);
  const missing = Object.keys(rights.tables).filter((name) => !tables.some((table) => table.name === name));
  if (missing.length > 0)
    throw new Error(`There is no table ${schema}.${missing.join(', ')}, but rights to it`);
  for (const table of tables) await isolate(manager, schema, table, rightsTo(schema, table, rights));
  if (role !== undefined) await grant(manager, schema, rights, role);
}

function rightsTo(schema: string, { name, columns }: Table, rights: ServiceRights): TableRights {
  const to = rights.tables[name];
  if (!to) throw new Error(`The rights to ${schema}.${name} must be declared beside the data source`);
  if (to.organization === null && columns.includes('org_id')) {
    throw new Error(`${schema}.${name} has an org_id: its rows must belong to organizations`);
  }
  return to;
}

/** Touches the table only where something is to change: each change waits until nobody uses it. */
async function isolate(
  manager: EntityManager,
  schema: string,
  { name, owner, isIsolated }: Table,
  { organization = 'org_id', across = [] }: TableRights,
): Promise<void> {
  const table = `${quoted(schema)}.${quoted(name)}`;
  const wanted = new Map<string, string>();
  if (organization !== null) {
    if (!isIsolated) {
      await manager.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
    }
    wanted.set('organization', `USING (${quoted(organization)} = ANY (${NAMED}::uuid[]))`);
    for (const privilege of across) wanted.set(`across_${privilege.toLowerCase()}`, acrossPolicy(privilege));
    // Migrations and backups, which are not a superuser's.
    wanted.set('owner', `TO ${quoted(owner)} USING (${SETTING} = '${ALL}')`);
  }
  const there = await policiesOf(manager, table);
  const kept = wanted.size > 0 ? await asKept(manager, table, wanted) : new Map<string, string>();
  for (const [policy, rule] of there) {
    if (kept.get(policy) !== rule) await manager.query(`DROP POLICY ${quoted(policy)} ON ${table}`);
  }
  for (const [policy, rule] of wanted) {
    if (there.get(policy) !== kept.get(policy))
      await manager.query(`CREATE POLICY ${quoted(policy)} ON ${table} ${rule}`);
  }
}

/** What the policies would be once Postgres has read and stored them: on an empty table with the same columns. */
async function asKept(
  manager: EntityManager,
  table: string,
  wanted: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  await manager.query(`CREATE TEMPORARY TABLE ${TWIN} (LIKE ${table})`);
  for (const [policy, rule] of wanted) {
    await manager.query(`CREATE POLICY ${quoted(policy)} ON ${TWIN} ${rule}`);
  }
  const kept = await policiesOf(manager, TWIN);
  await manager.query(`DROP TABLE ${TWIN}`);
  return kept;
}

/** A table's policies, each in a text that is the same for the same policy. */
async function policiesOf(manager: EntityManager, table: string): Promise<Map<string, string>> {
  const found = await manager.query<{ name: string; rule: string }[]>(POLICIES, [table]);
  return new Map(found.map(({ name, rule }) => [name, rule]));
}

function acrossPolicy(privilege: Privilege): string {
  const clause = privilege === 'INSERT' ? 'WITH CHECK' : 'USING';
  return `FOR ${privilege} ${clause} (${SETTING} = '${ALL}')`;
}

async function grant(
  manager: EntityManager,
  schema: string,
  { tables, functions = [] }: ServiceRights,
  role: string,
): Promise<void> {
  const inSchema = quoted(schema);
  const to = quoted(role);
  const [{ database }] = await manager.query<[{ database: string }]>('SELECT current_database() AS database');
  await manager.query(`GRANT CONNECT ON DATABASE ${quoted(database)} TO ${to}`);
  for (const what of [
    'ALL TABLES IN SCHEMA',
    'ALL SEQUENCES IN SCHEMA',
    'ALL ROUTINES IN SCHEMA',
    'SCHEMA',
  ]) {
    await manager.query(`REVOKE ALL ON ${what} ${inSchema} FROM PUBLIC, ${to}`);
  }
  await manager.query(`GRANT USAGE ON SCHEMA ${inSchema} TO ${to}`);
  for (const [name, { may }] of Object.entries(tables)) {
    if (may.length > 0)
      await manager.query(`GRANT ${may.join(', ')} ON ${inSchema}.${quoted(name)} TO ${to}`);
  }
  for (const name of functions) {
    await manager.query(`GRANT EXECUTE ON FUNCTION ${inSchema}.${quoted(name)} TO ${to}`);
  }
}
