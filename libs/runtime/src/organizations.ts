import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { queryPreceded, type Statement } from './preceded-query.js';

/** The setting that row-level security reads: UUIDs separated by commas, or ALL. Unset, nobody's rows are seen or written. */
export const ORGANIZATIONS = 'patchbay.organizations';
/** What it says in work across organizations; counts only for what a table's rights name in `across`. */
export const ALL = 'all';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const REASON = /^[a-z -]{3,40}$/;
const NAME_ORGANIZATIONS = `SELECT set_config('${ORGANIZATIONS}', $1, true)`;
const NAME_ALL = `SELECT set_config('${ORGANIZATIONS}', '${ALL}', true), set_config('application_name', $1, true)`;

/** As Postgres says of what is no UUID. */
const INVALID_TEXT = '22P02';

type Work<Result> = (manager: EntityManager) => Promise<Result>;

/** A transaction in which only the organization's rows exist. */
export function forOrganization<Result>(
  dataSource: DataSource,
  orgId: string,
  work: Work<Result>,
): Promise<Result> {
  return write(dataSource, only([orgId]), work);
}

/** The same, for reading: Postgres refuses to write in it, and it costs no round trip of its own. */
export function readForOrganization<Result>(
  dataSource: DataSource,
  orgId: string,
  work: Work<Result>,
): Promise<Result> {
  return read(dataSource, only([orgId]), work);
}

/** One statement, in a transaction in which only these organizations' rows exist: one round trip in all. */
export function queryForOrganizations<Row extends QueryResultRow>(
  dataSource: DataSource,
  orgIds: Iterable<string>,
  statement: Statement,
): Promise<QueryResult<Row>> {
  const first = { name: 'organizations', text: NAME_ORGANIZATIONS, values: [settingFor(orgIds)] };
  return queryPreceded<Row>(poolOf(dataSource), first, statement);
}

/**
 * A transaction in which every organization's rows exist, for what the tables' rights name in `across`.
 * @param reason what for, a few words: the connection's `application_name` says so meanwhile
 */
export function acrossOrganizations<Result>(
  dataSource: DataSource,
  reason: string,
  work: Work<Result>,
): Promise<Result> {
  return write(dataSource, all(dataSource, reason), work);
}

/** The same, for reading. */
export function readAcrossOrganizations<Result>(
  dataSource: DataSource,
  reason: string,
  work: Work<Result>,
): Promise<Result> {
  return read(dataSource, all(dataSource, reason), work);
}

/** One statement across organizations, in one round trip. */
export function queryAcrossOrganizations<Row extends QueryResultRow>(
  dataSource: DataSource,
  reason: string,
  statement: Statement,
): Promise<QueryResult<Row>> {
  const first = { name: 'across', text: NAME_ALL, values: [nameFor(dataSource, reason)] };
  return queryPreceded<Row>(poolOf(dataSource), first, statement);
}

/** Goes on as a transaction of the organization in one that was across organizations. */
export async function confineTo(transaction: EntityManager, orgId: string): Promise<void> {
  await transaction.query(only([orgId]));
}

/** The value of the setting for these organizations. @throws Error unless each is a UUID: it becomes part of a statement */
export function settingFor(orgIds: Iterable<string>): string {
  const ids = [...new Set(orgIds)];
  if (ids.every((id) => UUID.test(id))) return ids.join(',');
  throw Object.assign(new Error('An organization must be named by its UUID'), { code: INVALID_TEXT });
}

function only(orgIds: Iterable<string>): string {
  return `SET LOCAL ${ORGANIZATIONS} = '${settingFor(orgIds)}'`;
}

function all(dataSource: DataSource, reason: string): string {
  const name = nameFor(dataSource, reason);
  return `SET LOCAL ${ORGANIZATIONS} = '${ALL}'; SET LOCAL application_name = '${name}'`;
}

function nameFor({ options }: DataSource, reason: string): string {
  if (!REASON.test(reason)) throw new Error('A reason is a few words in lower case');
  const { applicationName } = options as { applicationName?: string };
  return [applicationName, reason].filter(Boolean).join(': ');
}

async function write<Result>(dataSource: DataSource, scope: string, work: Work<Result>): Promise<Result> {
  const runner = dataSource.createQueryRunner();
  try {
    const { begun } = await begin(runner, `BEGIN; ${scope}`);
    const result = await work(runner.manager);
    await begun;
    await runner.commitTransaction();
    return result;
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}

/** Nobody waits for the end: whoever has the connection next is served after it. */
async function read<Result>(dataSource: DataSource, scope: string, work: Work<Result>): Promise<Result> {
  const runner = dataSource.createQueryRunner();
  try {
    await begin(runner, `BEGIN READ ONLY; ${scope}`);
    return await work(runner.manager);
  } finally {
    if (runner.isTransactionActive) void sent(await connectionOf(runner), 'COMMIT');
    await runner.release();
  }
}

/**
 * Begins without waiting: connections are pipelined (see `postgresOptions`), so the first statement travels with this.
 * Should it fail, there is no setting, and that statement sees and writes nothing.
 */
async function begin(runner: QueryRunner, statements: string): Promise<{ readonly begun: Promise<unknown> }> {
  const begun = sent(await connectionOf(runner), statements);
  // As `startTransaction` leaves them: TypeORM takes locks within a transaction only, and nests by savepoints.
  Object.assign(runner, { isTransactionActive: true, transactionDepth: 1 });
  return { begun };
}

/** On its way; its failure is not unhandled when nobody waits for it. */
function sent(connection: PoolClient, statements: string): Promise<unknown> {
  const done = connection.query(statements);
  done.catch(() => undefined);
  return done;
}

function connectionOf(runner: QueryRunner): Promise<PoolClient> {
  return runner.connect() as Promise<PoolClient>;
}

function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as PostgresDriver).master as Pool;
}
